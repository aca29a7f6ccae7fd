"""Stand-ins for what a container finds on Cloudflare: KV, D1, the Worker's bindings, the REST API."""
