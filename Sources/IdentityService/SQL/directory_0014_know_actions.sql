-- The actions by which a workspace's built-in roles have had their rights. A program of before, which does not write this, makes roles with
-- the same ones.
ALTER TABLE directory.tenants ADD COLUMN known_actions text[] NOT NULL DEFAULT '{create,delete,read,update}';
