-- Services are listed in installation.txt.
ALTER TABLE directory.placements DROP CONSTRAINT placements_service_check;
