-- Phone numbers in E.164 with what was typed beside them, domains and hosts in small letters: what libphonenumber and ICU would say of numbers that
-- begin with a plus and of names in common use. A value of which they say something else gets its form with the next change of it.
ALTER TABLE {schema}.accounts ADD COLUMN phone_typed text;
ALTER TABLE {schema}.leads ADD COLUMN phone_typed text;

UPDATE {schema}.accounts SET phone_typed = phone, phone = '+' || regexp_replace(replace(phone, '(0)', ''), '[^0-9]', '', 'g')
    WHERE phone ~ '^[+][0-9]*[ ./()-]';
UPDATE {schema}.leads SET phone_typed = phone, phone = '+' || regexp_replace(replace(phone, '(0)', ''), '[^0-9]', '', 'g')
    WHERE phone ~ '^[+][0-9]*[ ./()-]';

UPDATE {schema}.accounts
    SET email = regexp_replace(email, '@[^@]*$', '') || lower(substring(email FROM '@[^@]*$') COLLATE pg_catalog."und-x-icu")
    WHERE substring(email FROM '@[^@]*$') <> lower(substring(email FROM '@[^@]*$') COLLATE pg_catalog."und-x-icu");
UPDATE {schema}.leads
    SET email = regexp_replace(email, '@[^@]*$', '') || lower(substring(email FROM '@[^@]*$') COLLATE pg_catalog."und-x-icu")
    WHERE substring(email FROM '@[^@]*$') <> lower(substring(email FROM '@[^@]*$') COLLATE pg_catalog."und-x-icu");

UPDATE {schema}.accounts
    SET website = regexp_replace(
        regexp_replace(
            lower(substring(website FROM '^[^:]*://[^/?#]*') COLLATE pg_catalog."und-x-icu")
                || regexp_replace(website, '^[^:]*://[^/?#]*', ''),
            '^(http://[^/?#:]*):80(?![0-9])|^(https://[^/?#:]*):443(?![0-9])', '\1\2'),
        '^(https?://[^/?#]*)/$', '\1')
    WHERE website ~ '^[^/?#]*[A-Z]|^[^:]*://[^/?#]*[A-Z:]|^[^:]*://[^/?#]*/$';
UPDATE {schema}.leads
    SET website = regexp_replace(
        regexp_replace(
            lower(substring(website FROM '^[^:]*://[^/?#]*') COLLATE pg_catalog."und-x-icu")
                || regexp_replace(website, '^[^:]*://[^/?#]*', ''),
            '^(http://[^/?#:]*):80(?![0-9])|^(https://[^/?#:]*):443(?![0-9])', '\1\2'),
        '^(https?://[^/?#]*)/$', '\1')
    WHERE website ~ '^[^/?#]*[A-Z]|^[^:]*://[^/?#]*[A-Z:]|^[^:]*://[^/?#]*/$';

UPDATE {schema}.contacts SET contact_points = (
    SELECT jsonb_agg(
        CASE
            WHEN point->>'value' ~ '^[+][0-9 ./()-]*$' AND point->>'value' ~ '[ ./()-]' THEN point || jsonb_build_object(
                'value', '+' || regexp_replace(replace(point->>'value', '(0)', ''), '[^0-9]', '', 'g'), 'typed', point->>'value')
            WHEN point->>'value' ~ '@[^@]*$' THEN point || jsonb_build_object(
                'value', regexp_replace(point->>'value', '@[^@]*$', '')
                    || lower(substring(point->>'value' FROM '@[^@]*$') COLLATE pg_catalog."und-x-icu"))
            ELSE point
        END ORDER BY place)
    FROM jsonb_array_elements(contact_points) WITH ORDINALITY AS points (point, place))
    WHERE jsonb_typeof(contact_points) = 'array' AND contact_points <> '[]';
