#include "CICU.h"

#include <unicode/ucal.h>
#include <unicode/uchar.h>
#include <unicode/ucol.h>
#include <unicode/unorm2.h>
#include <unicode/uregex.h>
#include <unicode/ustring.h>
#include <unicode/utrans.h>

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
