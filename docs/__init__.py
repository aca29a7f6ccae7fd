"""What is written about WandStore, and the script that takes its pictures."""
