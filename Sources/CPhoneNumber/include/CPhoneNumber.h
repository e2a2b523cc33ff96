// The door to libphonenumber, which is C++.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Writes a phone number in E.164, with a zero at its end, in place of one that consists of digits, with a plus before them or not. The country (ISO
// 3166-1 alpha-2, NULL for none) is that of a number without a plus. False for what has more or fewer digits than numbers of its country, or does not
// fit. May be called on any thread.
bool steward_phone_number(const char *typed, int32_t count, const char *country, char *number, int32_t capacity);

// The code of a country, as in 49, and in `prefix`, with a zero at its end, what is dialled before numbers within it, as in 0. Zero for a country that
// has none, or when the prefix does not fit. May be called on any thread.
int32_t steward_country_calling_code(const char *country, char *prefix, int32_t capacity);

#ifdef __cplusplus
}
#endif
