-- What has not been seen for long is found without looking at all the rest.

CREATE INDEX shoppers_by_last_seen ON shoppers (last_seen_at);
CREATE INDEX ui_generations_by_start ON ui_generations (started_at);
