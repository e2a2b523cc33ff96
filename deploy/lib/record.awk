# Puts what is the same in every record's proto file between its marks: the standard methods, the standard fields, and the requests of
# the methods. Prints the whole file.
#   awk -f record.awk proto/record.template record_service.proto record_service.proto
# Blank lines stand round the marks, so that no mark becomes the comment of a method or field.
# The file is read twice: what its record is called stands below the methods.
function camel(text,    words, count, i, result) {
    count = split(text, words, "_")
    for (i = 1; i <= count; i++) result = result toupper(substr(words[i], 1, 1)) substr(words[i], 2)
    return result
}
function named(name) {
    return match($0, name ": \"[a-z_]+\"") ? substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4) : ""
}
function expand(text) {
    if (own) gsub(/\{own\}/, "", text)
    else gsub(/\{own\}[^\n]*\n/, "", text)
    if (tagged) gsub(/\{tagged\}/, "", text)
    else gsub(/\{tagged\}[^\n]*\n/, "", text)
    gsub(/\{Records\}/, camel(plural), text)
    gsub(/\{Record\}/, camel(object), text)
    gsub(/\{records\}/, plural, text)
    gsub(/\{record\}/, object, text)
    gsub(/\{key\}/, key, text)
    gsub(/\{Nouns\}/, toupper(substr(nouns, 1, 1)) substr(nouns, 2), text)
    gsub(/\{nouns\}/, nouns, text)
    gsub(/\{a noun\}/, (noun ~ /^[aeio]/ ? "an " : "a ") noun, text)
    gsub(/\{noun\}/, noun, text)
    return text
}
FNR == 1 { pass++ }
# The template: parts, each below a line that names it.
pass == 1 && /^=== / { part = $2; next }
pass == 1 { if (part != "") parts[part] = parts[part] $0 "\n"; next }
/object: "/ { object = named("object"); plural = named("plural") }
/ownership: OWNERSHIP_OWNED/ { owned = 1 }
/ key: "/ { key = named(" key") }
/defined_by_workspace: true/ { own = 1 }
/^  repeated string tag_ids = / { tagged = 1 }
/^\/\/ --- standard requests of / {
    nouns = $0
    sub(/^\/\/ --- standard requests of /, "", nouns)
    sub(/: made by deploy\/generate ---$/, "", nouns)
    noun = nouns
    sub(/, .*/, "", noun)
    sub(/^[^,]*, /, "", nouns)
}
pass == 2 { next }
/^ *\/\/ --- end of standard / { skipping = 0 }
!skipping { print }
/^ *\/\/ --- standard [a-z]+( of .*)?: made by deploy\/generate ---$/ {
    kind = $4
    sub(/:$/, "", kind)
    printf "\n%s\n", expand(parts[kind] (owned ? parts["owned_" kind] : "") (key ? parts["keyed_" kind] : ""))
    skipping = 1
}
