-- The record types on which a workspace's built-in roles have had their rights. Those of the workspaces that exist had them on what
-- there was; a program of before, which does not write this, makes roles for the same types.
ALTER TABLE directory.tenants ADD COLUMN known_objects text[] NOT NULL
    DEFAULT '{account,account_contact,activity,contact,deal,department,pipeline,role,stage,user}';
