-- Nobody asked for it: a workspace that must not be written is suspended in the directory.
ALTER TABLE {schema}.meta DROP COLUMN write_fence;
