-- By what stands within texts, records are found by the groups of three letters in them, and by each character of Chinese, Japanese and Korean, of which
-- one or two are a word.
CREATE INDEX deals_parts_idx ON {schema}.deals USING gin (
    display_name trigram.gin_trgm_ops,
    string_to_array(
        regexp_replace(
            coalesce(display_name, ''),
            '[^\u3005-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]+', '', 'g'), NULL)
) WITH (fastupdate = on, gin_pending_list_limit = 512);
CREATE INDEX account_mirror_parts_idx ON {schema}.account_mirror USING gin (
    display_name trigram.gin_trgm_ops,
    string_to_array(
        regexp_replace(
            coalesce(display_name, ''),
            '[^\u3005-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]+', '', 'g'), NULL)
) WITH (fastupdate = on, gin_pending_list_limit = 512);
