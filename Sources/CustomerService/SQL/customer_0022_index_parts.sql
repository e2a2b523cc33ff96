-- By what stands within texts, records are found by the groups of three letters in them, and by each character of Chinese, Japanese and Korean, of which
-- one or two are a word.
CREATE INDEX accounts_parts_idx ON {schema}.accounts USING gin (
    display_name trigram.gin_trgm_ops,
    phone trigram.gin_trgm_ops,
    email trigram.gin_trgm_ops,
    website trigram.gin_trgm_ops,
    string_to_array(
        regexp_replace(
            coalesce(display_name, ''),
            '[^\u3005-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]+', '', 'g'), NULL)
) WITH (fastupdate = on, gin_pending_list_limit = 512);
CREATE INDEX contacts_parts_idx ON {schema}.contacts USING gin (
    given_name trigram.gin_trgm_ops,
    family_name trigram.gin_trgm_ops,
    (contact_points::text) trigram.gin_trgm_ops,
    string_to_array(
        regexp_replace(
            coalesce(given_name, '') || ' ' || coalesce(family_name, '') || ' ' || coalesce(contact_points::text, ''),
            '[^\u3005-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]+', '', 'g'), NULL)
) WITH (fastupdate = on, gin_pending_list_limit = 512);
CREATE INDEX activities_parts_idx ON {schema}.activities USING gin (
    subject trigram.gin_trgm_ops,
    string_to_array(
        regexp_replace(
            coalesce(subject, ''),
            '[^\u3005-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]+', '', 'g'), NULL)
) WITH (fastupdate = on, gin_pending_list_limit = 512);
CREATE INDEX leads_parts_idx ON {schema}.leads USING gin (
    given_name trigram.gin_trgm_ops,
    family_name trigram.gin_trgm_ops,
    company_name trigram.gin_trgm_ops,
    email trigram.gin_trgm_ops,
    phone trigram.gin_trgm_ops,
    website trigram.gin_trgm_ops,
    string_to_array(
        regexp_replace(
            coalesce(given_name, '') || ' ' || coalesce(family_name, '') || ' ' || coalesce(company_name, ''),
            '[^\u3005-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]+', '', 'g'), NULL)
) WITH (fastupdate = on, gin_pending_list_limit = 512);
CREATE INDEX custom_records_parts_idx ON {schema}.custom_records USING gin (
    display_name trigram.gin_trgm_ops,
    number trigram.gin_trgm_ops,
    string_to_array(
        regexp_replace(
            coalesce(display_name, '') || ' ' || coalesce(number, ''),
            '[^\u3005-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]+', '', 'g'), NULL)
) WITH (fastupdate = on, gin_pending_list_limit = 512);
