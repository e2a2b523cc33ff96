// The door to ICU. Its functions carry their version in their names (unorm2_normalize_72) by macros, which Swift does not
// see, so each gets a function of a fixed name.
//
// No header of ICU is included here: the toolchain's Foundation brings an ICU of its own, and a module that sees the types of both
// does not compile. What ICU opens is a pointer to nothing that has a name.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The normal form C (NFC). Lives as long as the process; NULL when ICU's data is missing.
const void *steward_nfc(void);

// NFKC without upper case and without characters that nobody sees (NFKC_Casefold), and the normal form D. As steward_nfc.
const void *steward_caseless(void);
const void *steward_nfd(void);

// How many of the units at the beginning are in the form for certain, whatever follows.
int32_t steward_normalized_prefix(const void *form, const uint16_t *units, int32_t count);

// Writes the text in the form; gives its length, or -1 when it does not fit.
int32_t steward_normalize(const void *form, const uint16_t *units, int32_t count, uint16_t *normalized, int32_t capacity);

// Whether a letter of a cursive script, as Arabic, joins the one after it.
bool steward_joins_next(int32_t character);

// The order of a locale, or NULL. May be used by several threads at once as long as nobody changes it.
const void *steward_collator(const char *locale);

// Compares two texts in UTF-8: less than, equal to or greater than 0.
int steward_collate(const void *collator, const char *one, int32_t one_count, const char *other, int32_t other_count);

// The rules of a time zone of the IANA database, or NULL for a name that ICU does not know. Used by one thread at a time.
void *steward_time_zone(const uint16_t *name, int32_t count);

// How far the zone is ahead of UTC, in milliseconds, at a moment in milliseconds since 1970; false when ICU cannot tell.
bool steward_zone_offset(void *rules, double moment, int32_t *offset);

void steward_close_time_zone(void *rules);

// What reads Chinese: writes characters in pinyin, with tones. NULL when ICU's data is missing. Used by one thread at a time.
void *steward_pinyin(void);

// Writes the text as it is read; gives its length, or -1 when it does not fit.
int32_t steward_read(void *reader, const uint16_t *units, int32_t count, uint16_t *read, int32_t capacity);

// A regular expression, or NULL; then offset is the place of the fault in UTF-16 and name what ICU calls it. Never changed, so several threads
// may use it at once.
void *steward_pattern(const uint16_t *text, int32_t count, int32_t *offset, const char **name);

// Whether the pattern fits the text as a whole: 1 or 0, or -1 when that takes more steps (of some 10,000 states each) or bytes of memory than
// are allowed.
int steward_fits(const void *pattern, const uint16_t *text, int32_t count, int32_t steps, int32_t bytes);

void steward_close_pattern(void *pattern);

// The forms of host names of UTS 46 (IDNA2008), or NULL. Never changed, so several threads may use it at once.
const void *steward_host_names(void);

// Writes a host name in UTF-8 as people read it, or as the network has it (in ASCII); gives its length, or -1 for one that is none.
int32_t steward_host_name(const void *names, bool is_ascii, const char *name, int32_t count, char *form, int32_t capacity);

// The codes of ISO 3166-1 alpha-2 that ICU knows, ended by NULL, and the one of three letters for one of them, or an empty text.
const char *const *steward_countries(void);
const char *steward_country_code3(const char *country);

// Writes the name of a country in a language (NULL for the one that most people there speak), in UTF-16; gives its length, or -1 when ICU has none.
int32_t steward_country_name(const char *country, const char *language, uint16_t *name, int32_t capacity);

// Writes the language that most people of a country speak, with a zero at its end (zh-Hant, where Chinese is written so); false when ICU has none.
bool steward_country_language(const char *country, char *language, int32_t capacity);

// Writes the code of the country that a time zone of the IANA database belongs to, with a zero at its end; false for a zone of none.
bool steward_zone_country(const char *zone, int32_t count, char country[4]);

#ifdef __cplusplus
}
#endif
