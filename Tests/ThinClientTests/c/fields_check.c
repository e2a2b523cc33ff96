/* Sets fields from what they hold themselves, as a program does that changes a part of a value. */
#include <stdio.h>

#include "steward_fields.h"

int main(void) {
    steward_fields fields = {0};
    steward_set_text(&fields, "note", "Grüße");
    steward_set_text(&fields, fields.items[0]->name, fields.items[0]->string_value);
    steward_set_choices(&fields, "ports", 2, (const char *[]){"Hamburg, Hafen", "Wien"});
    const steward_field *ports = fields.items[1];
    steward_set_choices(&fields, "ports", 2, (const char *[]){ports->string_values[1], ports->string_values[0]});
    steward_set_money(&fields, "worth", 125050, "EUR");
    steward_set_money(&fields, "worth", 5, fields.items[2]->money_value->currency_code);
    steward_set_none(&fields, fields.items[2]->name);
    ports = steward_field_named(fields.n, fields.items, "ports");
    printf("%s, %s, %s, %zu\n", steward_field_named(fields.n, fields.items, "note")->string_value,
           ports->string_values[0], ports->string_values[1], fields.n);
    steward_fields_free(&fields);
    return 0;
}
