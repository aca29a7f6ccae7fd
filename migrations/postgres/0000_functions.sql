-- What the shop's statements call and SQLite has by itself.

CREATE FUNCTION instr(whole TEXT, part TEXT) RETURNS INTEGER
LANGUAGE SQL IMMUTABLE AS 'SELECT strpos(whole, part)';

CREATE FUNCTION json_extract(document TEXT, path TEXT) RETURNS TEXT
LANGUAGE SQL IMMUTABLE AS $$ SELECT jsonb_path_query_first(document::jsonb, path::jsonpath) #>> '{}' $$;

CREATE FUNCTION json_each(document TEXT) RETURNS TABLE (value TEXT)
LANGUAGE SQL IMMUTABLE AS 'SELECT * FROM json_array_elements_text(document::json)';

CREATE FUNCTION json_each(document TEXT, path TEXT) RETURNS TABLE (value TEXT)
LANGUAGE SQL IMMUTABLE AS 'SELECT * FROM json_each(json_extract(document, path))';
