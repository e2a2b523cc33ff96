/* The values of the fields that a workspace has added to its records, by name: a record has them in custom_fields. To be compiled with
 * steward_fields.c and steward/type/v1/record.proto.
 *
 * Each kind of field has its value in one member (proto/steward/type/v1/field.proto). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "steward/type/v1/record.pb-c.h"

typedef Steward__Type__V1__CustomField steward_field;

/* What a record has in a field, of its `n` custom fields; NULL where it has no value. */
const steward_field *steward_field_named(size_t n, steward_field *const *fields, const char *name);

/* Values that a record is to have: for `custom_fields` and `n_custom_fields`. Begin with {0}. */
typedef struct {
    size_t n;
    steward_field **items;
} steward_fields;

/* Each sets the value of a field, whatever it had. Texts are copied. */
void steward_set_text(steward_fields *fields, const char *name, const char *text); /* a day is written as YYYY-MM-DD */
void steward_set_whole(steward_fields *fields, const char *name, int64_t number);
void steward_set_number(steward_fields *fields, const char *name, double number);
void steward_set_flag(steward_fields *fields, const char *name, bool flag);
void steward_set_time(steward_fields *fields, const char *name, int64_t seconds, int32_t nanos); /* since 1970 */
void steward_set_money(steward_fields *fields, const char *name, int64_t minor_units, const char *currency);
void steward_set_choices(steward_fields *fields, const char *name, size_t n, const char *const *texts);
/* The field has no value: an update whose mask names it, as in custom.size, takes away what the record has. */
void steward_set_none(steward_fields *fields, const char *name);
void steward_fields_free(steward_fields *fields);
