#include "steward_fields.h"

#include <stdlib.h>
#include <string.h>

static void *checked(void *memory) {
    if (memory == NULL) abort();
    return memory;
}

static bool has_value(const steward_field *field) {
    return field->string_value || field->has_int_value || field->has_double_value || field->has_bool_value ||
           field->time_value || field->money_value || field->n_string_values > 0;
}

const steward_field *steward_field_named(size_t n, steward_field *const *fields, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (fields[i]->name && strcmp(fields[i]->name, name) == 0 && has_value(fields[i])) return fields[i];
    return NULL;
}

/* An item of the name, without a value. */
static steward_field *item(const char *name) {
    steward_field *made = checked(malloc(sizeof *made));
    steward__type__v1__custom_field__init(made);
    made->name = checked(strdup(name));
    return made;
}

/* Takes the place of the item of its name. That goes only now: name and texts may have been those of it. */
static void put(steward_fields *fields, steward_field *made) {
    for (size_t i = 0; i < fields->n; i++) {
        if (strcmp(fields->items[i]->name, made->name) != 0) continue;
        steward__type__v1__custom_field__free_unpacked(fields->items[i], NULL);
        fields->items[i] = made;
        return;
    }
    fields->items = checked(realloc(fields->items, (fields->n + 1) * sizeof *fields->items));
    fields->items[fields->n++] = made;
}

void steward_set_text(steward_fields *fields, const char *name, const char *text) {
    steward_field *field = item(name);
    field->string_value = checked(strdup(text));
    put(fields, field);
}

void steward_set_whole(steward_fields *fields, const char *name, int64_t number) {
    steward_field *field = item(name);
    field->has_int_value = true;
    field->int_value = number;
    put(fields, field);
}

void steward_set_number(steward_fields *fields, const char *name, double number) {
    steward_field *field = item(name);
    field->has_double_value = true;
    field->double_value = number;
    put(fields, field);
}

void steward_set_flag(steward_fields *fields, const char *name, bool flag) {
    steward_field *field = item(name);
    field->has_bool_value = true;
    field->bool_value = flag;
    put(fields, field);
}

void steward_set_time(steward_fields *fields, const char *name, int64_t seconds, int32_t nanos) {
    Google__Protobuf__Timestamp *time = checked(malloc(sizeof *time));
    google__protobuf__timestamp__init(time);
    time->seconds = seconds;
    time->nanos = nanos;
    steward_field *field = item(name);
    field->time_value = time;
    put(fields, field);
}

void steward_set_money(steward_fields *fields, const char *name, int64_t minor_units, const char *currency) {
    Steward__Type__V1__Money *money = checked(malloc(sizeof *money));
    steward__type__v1__money__init(money);
    money->has_minor_units = true;
    money->minor_units = minor_units;
    money->currency_code = checked(strdup(currency));
    steward_field *field = item(name);
    field->money_value = money;
    put(fields, field);
}

void steward_set_choices(steward_fields *fields, const char *name, size_t n, const char *const *texts) {
    steward_field *field = item(name);
    if (n > 0) field->string_values = checked(malloc(n * sizeof *field->string_values));
    for (; field->n_string_values < n; field->n_string_values++)
        field->string_values[field->n_string_values] = checked(strdup(texts[field->n_string_values]));
    put(fields, field);
}

void steward_set_none(steward_fields *fields, const char *name) { put(fields, item(name)); }

void steward_fields_free(steward_fields *fields) {
    for (size_t i = 0; i < fields->n; i++) steward__type__v1__custom_field__free_unpacked(fields->items[i], NULL);
    free(fields->items);
    *fields = (steward_fields){0};
}
