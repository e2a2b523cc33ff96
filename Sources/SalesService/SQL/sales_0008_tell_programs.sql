-- A program may move a deal for the workspace itself: then no user did it.
ALTER TABLE {schema}.stage_changes ALTER COLUMN user_id DROP NOT NULL;
