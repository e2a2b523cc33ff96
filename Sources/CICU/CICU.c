#include "CICU.h"

#include <unicode/ucal.h>
#include <unicode/uchar.h>
#include <unicode/ucol.h>
#include <unicode/uidna.h>
#include <unicode/uloc.h>
#include <unicode/unorm2.h>
#include <unicode/uregex.h>
#include <unicode/ustring.h>
#include <unicode/utrans.h>

#include <string.h>

const void *steward_nfc(void) {
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *form = unorm2_getNFCInstance(&status);
    return U_SUCCESS(status) ? form : NULL;
}

const void *steward_caseless(void) {
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *form = unorm2_getNFKCCasefoldInstance(&status);
    return U_SUCCESS(status) ? form : NULL;
}

const void *steward_nfd(void) {
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *form = unorm2_getNFDInstance(&status);
    return U_SUCCESS(status) ? form : NULL;
}

int32_t steward_normalized_prefix(const void *form, const uint16_t *units, int32_t count) {
    UErrorCode status = U_ZERO_ERROR;
    int32_t normalized = unorm2_spanQuickCheckYes(form, units, count, &status);
    return U_SUCCESS(status) ? normalized : 0;
}

int32_t steward_normalize(const void *form, const uint16_t *units, int32_t count, uint16_t *normalized, int32_t capacity) {
    UErrorCode status = U_ZERO_ERROR;
    int32_t length = unorm2_normalize(form, units, count, normalized, capacity, &status);
    return U_SUCCESS(status) ? length : -1;
}

bool steward_joins_next(int32_t character) {
    int32_t type = u_getIntPropertyValue(character, UCHAR_JOINING_TYPE);
    return type == U_JT_DUAL_JOINING || type == U_JT_LEFT_JOINING;
}

const void *steward_collator(const char *locale) {
    UErrorCode status = U_ZERO_ERROR;
    UCollator *collator = ucol_open(locale, &status);
    return U_SUCCESS(status) ? collator : NULL;
}

int steward_collate(const void *collator, const char *one, int32_t one_count, const char *other, int32_t other_count) {
    UErrorCode status = U_ZERO_ERROR;
    return (int)ucol_strcollUTF8(collator, one, one_count, other, other_count, &status);
}

void *steward_time_zone(const uint16_t *name, int32_t count) {
    UErrorCode status = U_ZERO_ERROR;
    UChar canonical[128];
    UBool is_known = false;
    ucal_getCanonicalTimeZoneID(name, count, canonical, 128, &is_known, &status);
    if (U_FAILURE(status) || !is_known) return NULL;
    UCalendar *calendar = ucal_open(name, count, "en", UCAL_GREGORIAN, &status);
    if (U_FAILURE(status)) return NULL;
    // A moment that is beyond it is an error, and not the last one that it knows.
    ucal_setAttribute(calendar, UCAL_LENIENT, false);
    return calendar;
}

bool steward_zone_offset(void *rules, double moment, int32_t *offset) {
    UCalendar *calendar = rules;
    UErrorCode status = U_ZERO_ERROR;
    ucal_setMillis(calendar, moment, &status);
    int32_t standard = ucal_get(calendar, UCAL_ZONE_OFFSET, &status);
    int32_t summer = ucal_get(calendar, UCAL_DST_OFFSET, &status);
    *offset = standard + summer;
    return U_SUCCESS(status);
}

void steward_close_time_zone(void *rules) { ucal_close((UCalendar *)rules); }

void *steward_pinyin(void) {
    UErrorCode status = U_ZERO_ERROR;
    UChar name[16];
    u_uastrcpy(name, "Han-Latin");
    UTransliterator *reader = utrans_openU(name, -1, UTRANS_FORWARD, NULL, 0, NULL, &status);
    return U_SUCCESS(status) ? reader : NULL;
}

int32_t steward_read(void *reader, const uint16_t *units, int32_t count, uint16_t *read, int32_t capacity) {
    UErrorCode status = U_ZERO_ERROR;
    if (count > capacity) return -1;
    u_memcpy(read, units, count);
    int32_t length = count, limit = count;
    utrans_transUChars(reader, read, &length, capacity, 0, &limit, &status);
    return U_SUCCESS(status) && length <= capacity ? length : -1;
}

void *steward_pattern(const uint16_t *text, int32_t count, int32_t *offset, const char **name) {
    UErrorCode status = U_ZERO_ERROR;
    UParseError place = {.line = 0, .offset = 0};
    URegularExpression *pattern = uregex_open(text, count, 0, &place, &status);
    if (U_SUCCESS(status)) return pattern;
    *offset = place.offset;
    *name = u_errorName(status);
    return NULL;
}

int steward_fits(const void *pattern, const uint16_t *text, int32_t count, int32_t steps, int32_t bytes) {
    UErrorCode status = U_ZERO_ERROR;
    URegularExpression *matcher = uregex_clone(pattern, &status);
    uregex_setTimeLimit(matcher, steps, &status);
    uregex_setStackLimit(matcher, bytes, &status);
    uregex_setText(matcher, text, count, &status);
    UBool fits = uregex_matches(matcher, -1, &status);
    uregex_close(matcher);
    return U_SUCCESS(status) ? fits != 0 : -1;
}

void steward_close_pattern(void *pattern) { uregex_close(pattern); }

const void *steward_host_names(void) {
    UErrorCode status = U_ZERO_ERROR;
    UIDNA *names = uidna_openUTS46(
        UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_NONTRANSITIONAL_TO_UNICODE, &status);
    return U_SUCCESS(status) ? names : NULL;
}

int32_t steward_host_name(const void *names, bool is_ascii, const char *name, int32_t count, char *form, int32_t capacity) {
    UErrorCode status = U_ZERO_ERROR;
    UIDNAInfo info = UIDNA_INFO_INITIALIZER;
    int32_t length = is_ascii ? uidna_nameToASCII_UTF8(names, name, count, form, capacity, &info, &status)
                              : uidna_nameToUnicodeUTF8(names, name, count, form, capacity, &info, &status);
    return U_SUCCESS(status) && info.errors == 0 && length <= capacity ? length : -1;
}

const char *const *steward_countries(void) { return uloc_getISOCountries(); }

// ICU takes locales, of which a country is a part.
static void locale_of(const char *country, char locale[8]) {
    memcpy(locale, "und_", 4);
    memcpy(locale + 4, country, 2);
    locale[6] = 0;
}

const char *steward_country_code3(const char *country) {
    char locale[8];
    locale_of(country, locale);
    return uloc_getISO3Country(locale);
}

int32_t steward_country_name(const char *country, const char *language, uint16_t *name, int32_t capacity) {
    UErrorCode status = U_ZERO_ERROR;
    char locale[8];
    locale_of(country, locale);
    char own[ULOC_FULLNAME_CAPACITY];
    if (!language) uloc_addLikelySubtags(locale, own, sizeof own, &status);
    int32_t length = uloc_getDisplayCountry(locale, language ? language : own, name, capacity, &status);
    return U_SUCCESS(status) && status != U_USING_DEFAULT_WARNING && length <= capacity ? length : -1;
}

bool steward_country_language(const char *country, char *language, int32_t capacity) {
    UErrorCode status = U_ZERO_ERROR;
    char locale[8], own[ULOC_FULLNAME_CAPACITY];
    locale_of(country, locale);
    uloc_addLikelySubtags(locale, own, sizeof own, &status);
    uloc_getLanguage(own, language, capacity, &status);
    if (U_FAILURE(status) || status == U_STRING_NOT_TERMINATED_WARNING || !*language) return false;
    if (strncmp(own, "zh_Hant", 7) != 0) return true;
    if (capacity < 8) return false;
    memcpy(language, "zh-Hant", 8);
    return true;
}
