// The door to libargon2.
#pragma once
#include <argon2.h>

// Computes argon2id, version 1.3, in memory that `take` gives; `give_back` gets it wiped. Wipes the password as well.
// ARGON2_OK or another of argon2's codes.
static inline int steward_argon2id(
    uint32_t memory_kib, uint32_t iterations, uint32_t lanes, uint8_t *password, uint32_t password_count,
    const uint8_t *salt, uint32_t salt_count, uint8_t *hash, uint32_t hash_count, allocate_fptr take,
    deallocate_fptr give_back) {
    argon2_context context = {
        .out = hash,
        .outlen = hash_count,
        .pwd = password,
        .pwdlen = password_count,
        .salt = (uint8_t *)salt,
        .saltlen = salt_count,
        .t_cost = iterations,
        .m_cost = memory_kib,
        .lanes = lanes,
        .threads = lanes,
        .version = ARGON2_VERSION_13,
        .allocate_cbk = take,
        .free_cbk = give_back,
        .flags = ARGON2_FLAG_CLEAR_PASSWORD,
    };
    return argon2id_ctx(&context);
}
