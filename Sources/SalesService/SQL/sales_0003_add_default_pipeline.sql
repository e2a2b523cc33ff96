-- The pipeline that a new workspace begins with; its admin changes it at will.
INSERT INTO {schema}.pipelines (id, version, created_at, updated_at, display_name, default_pipeline)
VALUES (gen_random_uuid(), 1, now(), now(), 'Sales', true);

INSERT INTO {schema}.stages
    (id, version, created_at, updated_at, pipeline_id, display_name, position, probability_percent, category)
SELECT gen_random_uuid(), 1, p.created_at, p.created_at, p.id, s.display_name, s.position, s.probability, s.category
FROM {schema}.pipelines p
CROSS JOIN (
    VALUES ('Qualified', 1, 20, 1), ('Proposal', 2, 50, 1), ('Negotiation', 3, 80, 1), ('Won', 4, 100, 2), ('Lost', 5, 0, 3)
) AS s (display_name, position, probability, category);
