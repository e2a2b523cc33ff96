#include "CPhoneNumber.h"

#include <cstring>
#include <phonenumbers/phonenumberutil.h>
#include <string>

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

bool steward_phone_number(const char *typed, int32_t count, const char *country, char *number, int32_t capacity) {
    const PhoneNumberUtil *library = PhoneNumberUtil::GetInstance();
    PhoneNumber parsed;
    const std::string text(typed, static_cast<size_t>(count));
    if (library->Parse(text, country ? country : "ZZ", &parsed) != PhoneNumberUtil::NO_PARSING_ERROR) return false;
    if (library->IsPossibleNumberWithReason(parsed) != PhoneNumberUtil::IS_POSSIBLE) return false;
    std::string form;
    library->Format(parsed, PhoneNumberUtil::E164, &form);
    if (form.size() >= static_cast<size_t>(capacity)) return false;
    std::memcpy(number, form.c_str(), form.size() + 1);
    return true;
}

int32_t steward_country_calling_code(const char *country, char *prefix, int32_t capacity) {
    const PhoneNumberUtil *library = PhoneNumberUtil::GetInstance();
    std::string national;
    library->GetNddPrefixForRegion(country, true, &national);
    if (national.size() >= static_cast<size_t>(capacity)) return 0;
    std::memcpy(prefix, national.c_str(), national.size() + 1);
    return library->GetCountryCodeForRegion(country);
}
