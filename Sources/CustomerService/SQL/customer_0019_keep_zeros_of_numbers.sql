-- In Italy, San Marino, the Ivory Coast, Gabon and the Congo a zero is part of the number, also where it was written in brackets; 0015 took it out. What has got its
-- form since then is none of what that made, and stays.
UPDATE {schema}.accounts SET phone = '+' || regexp_replace(phone_typed, '[^0-9]', '', 'g')
    WHERE phone_typed LIKE '+%(0)%' AND phone ~ '^[+](39|378|225|241|242)'
        AND phone = '+' || regexp_replace(replace(phone_typed, '(0)', ''), '[^0-9]', '', 'g');
UPDATE {schema}.leads SET phone = '+' || regexp_replace(phone_typed, '[^0-9]', '', 'g')
    WHERE phone_typed LIKE '+%(0)%' AND phone ~ '^[+](39|378|225|241|242)'
        AND phone = '+' || regexp_replace(replace(phone_typed, '(0)', ''), '[^0-9]', '', 'g');
UPDATE {schema}.contacts SET contact_points = (
    SELECT jsonb_agg(
        CASE
            WHEN point->>'typed' LIKE '+%(0)%' AND point->>'value' ~ '^[+](39|378|225|241|242)'
                AND point->>'value' = '+' || regexp_replace(replace(point->>'typed', '(0)', ''), '[^0-9]', '', 'g')
            THEN point || jsonb_build_object('value', '+' || regexp_replace(point->>'typed', '[^0-9]', '', 'g'))
            ELSE point
        END ORDER BY place)
    FROM jsonb_array_elements(contact_points) WITH ORDINALITY AS points (point, place))
    WHERE jsonb_typeof(contact_points) = 'array' AND contact_points::text LIKE '%(0)%';
