/*
 * seed_private_p.h - what seed.c and seed_mail.c share.
 */
#ifndef SANDBOX_SEED_PRIVATE_P_H
#define SANDBOX_SEED_PRIVATE_P_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct seed_company;
struct seed_locale;

struct seed {
    struct db *db;
    uint64_t state; /* of the generator */
    uint32_t folders;
};

struct seed_person {
    const struct seed_locale *locale;
    const struct seed_company *company;
    const char *given, *surname;
    const char *yomi_given, *yomi_surname; /* NULL: none */
    char address[80];
};

uint64_t seed_random(struct seed *s);
size_t seed_below(struct seed *s, size_t n);
bool seed_chance(struct seed *s, unsigned percent);

/* One of a NULL-terminated list. */
const char *seed_word(struct seed *s, const char *const *list);

void seed_person(struct seed *s, struct seed_person *ret);

void seed_messages(struct seed *s, unsigned count);

#endif
