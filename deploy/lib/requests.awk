# Puts the requests of the standard methods between the marks in a record's proto file; prints the whole file.
#   awk -f requests.awk proto/standard_requests.template record_service.proto
function camel(text,    words, count, i, result) {
    count = split(text, words, "_")
    for (i = 1; i <= count; i++) result = result toupper(substr(words[i], 1, 1)) substr(words[i], 2)
    return result
}
function named(key,    parts) {
    return match($0, key ": \"[a-z_]+\"") ? substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 4) : ""
}
function expand(    text) {
    text = template
    gsub(/\{Records\}/, camel(plural), text)
    gsub(/\{Record\}/, camel(object), text)
    gsub(/\{records\}/, plural, text)
    gsub(/\{record\}/, object, text)
    gsub(/\{Nouns\}/, toupper(substr(nouns, 1, 1)) substr(nouns, 2), text)
    gsub(/\{nouns\}/, nouns, text)
    gsub(/\{a noun\}/, (noun ~ /^[aeio]/ ? "an " : "a ") noun, text)
    gsub(/\{noun\}/, noun, text)
    return text
}
NR == FNR { if (!/^#/) template = template $0 "\n"; next }
/object: "/ { object = named("object"); plural = named("plural") }
/^\/\/ --- standard requests of / {
    print
    nouns = $0
    sub(/^\/\/ --- standard requests of /, "", nouns)
    sub(/: made by deploy\/generate ---$/, "", nouns)
    noun = nouns
    sub(/, .*/, "", noun)
    sub(/^[^,]*, /, "", nouns)
    printf "\n%s\n", expand()
    skipping = 1
    next
}
/^\/\/ --- end of standard requests ---$/ { skipping = 0 }
!skipping { print }
