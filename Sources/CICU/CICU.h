// The door to ICU. Its functions carry their version in their names (unorm2_normalize_72) by macros, which Swift does not
// see, so each gets a function of a fixed name.
#pragma once
#include <unicode/ucal.h>
#include <unicode/uchar.h>
#include <unicode/ucol.h>
#include <unicode/unorm2.h>

// The normal form C (NFC). Lives as long as the process; NULL when ICU's data is missing.
static inline const UNormalizer2 *steward_nfc(void) {
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *form = unorm2_getNFCInstance(&status);
    return U_SUCCESS(status) ? form : NULL;
}

// How many of the units at the beginning are in the form for certain, whatever follows.
static inline int32_t steward_normalized_prefix(const UNormalizer2 *form, const UChar *units, int32_t count) {
    UErrorCode status = U_ZERO_ERROR;
    int32_t normalized = unorm2_spanQuickCheckYes(form, units, count, &status);
    return U_SUCCESS(status) ? normalized : 0;
}

// Writes the text in the form; gives its length, or -1 when it does not fit.
static inline int32_t steward_normalize(
    const UNormalizer2 *form, const UChar *units, int32_t count, UChar *normalized, int32_t capacity) {
    UErrorCode status = U_ZERO_ERROR;
    int32_t length = unorm2_normalize(form, units, count, normalized, capacity, &status);
    return U_SUCCESS(status) ? length : -1;
}

// Whether a letter of a cursive script, as Arabic, joins the one after it.
static inline bool steward_joins_next(UChar32 character) {
    int32_t type = u_getIntPropertyValue(character, UCHAR_JOINING_TYPE);
    return type == U_JT_DUAL_JOINING || type == U_JT_LEFT_JOINING;
}

// The order of a locale, or NULL. May be used by several threads at once as long as nobody changes it.
static inline UCollator *steward_collator(const char *locale) {
    UErrorCode status = U_ZERO_ERROR;
    UCollator *collator = ucol_open(locale, &status);
    return U_SUCCESS(status) ? collator : NULL;
}

// Compares two texts in UTF-8: less than, equal to or greater than 0.
static inline int steward_collate(
    const UCollator *collator, const char *one, int32_t one_count, const char *other, int32_t other_count) {
    UErrorCode status = U_ZERO_ERROR;
    return (int)ucol_strcollUTF8(collator, one, one_count, other, other_count, &status);
}

// The rules of a time zone of the IANA database, or NULL for a name that ICU does not know. Used by one thread at a time. A plain pointer,
// so that who holds one needs no type of ICU: the toolchain's Foundation brings an ICU of its own, and both do not fit into one module.
static inline void *steward_time_zone(const UChar *name, int32_t count) {
    UErrorCode status = U_ZERO_ERROR;
    UChar canonical[128];
    UBool is_known = false;
    ucal_getCanonicalTimeZoneID(name, count, canonical, 128, &is_known, &status);
    if (U_FAILURE(status) || !is_known) return NULL;
    UCalendar *calendar = ucal_open(name, count, "en", UCAL_GREGORIAN, &status);
    return U_SUCCESS(status) ? calendar : NULL;
}

// How far the zone is ahead of UTC, in milliseconds, at a moment in milliseconds since 1970.
static inline int32_t steward_zone_offset(void *rules, double moment) {
    UCalendar *calendar = rules;
    UErrorCode status = U_ZERO_ERROR;
    ucal_setMillis(calendar, moment, &status);
    int32_t standard = ucal_get(calendar, UCAL_ZONE_OFFSET, &status);
    int32_t summer = ucal_get(calendar, UCAL_DST_OFFSET, &status);
    return U_SUCCESS(status) ? standard + summer : 0;
}

static inline void steward_close_time_zone(void *rules) { ucal_close((UCalendar *)rules); }
