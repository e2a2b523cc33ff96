-- Deals and the stages they have been in. account_id and contact_id name records of another service, so they have no
-- foreign key.
CREATE TABLE {schema}.deals (
    id uuid NOT NULL CONSTRAINT deals_pkey PRIMARY KEY,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    owner_id uuid NOT NULL,
    department_id uuid,
    custom jsonb,
    display_name text NOT NULL,
    pipeline_id uuid NOT NULL CONSTRAINT deals_pipeline_id_fkey REFERENCES {schema}.pipelines (id),
    stage_id uuid NOT NULL CONSTRAINT deals_stage_id_fkey REFERENCES {schema}.stages (id),
    account_id uuid,
    contact_id uuid,
    amount_minor bigint,
    amount_currency text,
    close_on date,
    follow_up_at timestamptz,
    outcome_reason text,
    stage_enter_at timestamptz NOT NULL,
    external_id text,
    description text,
    CONSTRAINT deals_amount_check CHECK ((amount_minor IS NULL) = (amount_currency IS NULL) AND amount_minor >= 0)
);
CREATE UNIQUE INDEX deals_external_id_key ON {schema}.deals (external_id) WHERE deleted_at IS NULL;
CREATE INDEX deals_created_at_idx ON {schema}.deals (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX deals_stage_id_idx ON {schema}.deals (stage_id, close_on, id) WHERE deleted_at IS NULL;
CREATE INDEX deals_pipeline_id_idx ON {schema}.deals (pipeline_id);
CREATE INDEX deals_account_id_idx ON {schema}.deals (account_id, created_at);
CREATE INDEX deals_contact_id_idx ON {schema}.deals (contact_id, created_at);
CREATE INDEX deals_owner_id_idx ON {schema}.deals (owner_id, created_at, id);
CREATE INDEX deals_department_id_idx ON {schema}.deals (department_id, created_at, id);
CREATE INDEX deals_follow_up_at_idx ON {schema}.deals (owner_id, follow_up_at) WHERE deleted_at IS NULL;

CREATE TABLE {schema}.stage_changes (
    id uuid NOT NULL CONSTRAINT stage_changes_pkey PRIMARY KEY,
    deal_id uuid NOT NULL CONSTRAINT stage_changes_deal_id_fkey REFERENCES {schema}.deals (id),
    from_stage_id uuid CONSTRAINT stage_changes_from_stage_id_fkey REFERENCES {schema}.stages (id),
    to_stage_id uuid NOT NULL CONSTRAINT stage_changes_to_stage_id_fkey REFERENCES {schema}.stages (id),
    changed_at timestamptz NOT NULL,
    user_id uuid NOT NULL,
    seconds_in_stage bigint
);
CREATE INDEX stage_changes_deal_id_idx ON {schema}.stage_changes (deal_id, changed_at, id);
CREATE INDEX stage_changes_to_stage_id_idx ON {schema}.stage_changes (to_stage_id);
CREATE INDEX stage_changes_from_stage_id_idx ON {schema}.stage_changes (from_stage_id);
