// What of time zones ICU tells in C++ only.
#include "CICU.h"

#include <unicode/timezone.h>
#include <unicode/unistr.h>

bool steward_zone_country(const char *zone, int32_t count, char country[4]) {
    UErrorCode status = U_ZERO_ERROR;
    const icu::UnicodeString name = icu::UnicodeString::fromUTF8(icu::StringPiece(zone, count));
    const int32_t length = icu::TimeZone::getRegion(name, country, 4, status);
    return U_SUCCESS(status) && length == 2;
}
