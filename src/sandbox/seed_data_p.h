/*
 * seed_data_p.h - the words the seeded mailbox is made of.
 */
#ifndef SANDBOX_SEED_DATA_P_H
#define SANDBOX_SEED_DATA_P_H

#include <stddef.h>

#define SEED_NAMES 8

/* People and places of one country. '#' in a pattern stands for a digit. */
struct seed_locale {
    const char *country;
    const char *given[SEED_NAMES];
    const char *surnames[SEED_NAMES];
    const char *login_given[SEED_NAMES]; /* the same in the letters of a mail address */
    const char *login_surnames[SEED_NAMES];
    const char *yomi_given[SEED_NAMES];    /* all NULL where nobody writes them */
    const char *yomi_surnames[SEED_NAMES]; /* the same */
    const char *streets[4];
    const char *cities[4];
    const char *state; /* NULL: none is written */
    const char *postal;
    const char *phone, *mobile;
};

struct seed_company {
    const char *name, *domain;
};

struct seed_file {
    const char *name, *type, *content_id;
    const unsigned char *data;
    size_t len;
};

extern const struct seed_locale seed_locales[];
extern const size_t seed_nlocales;
extern const struct seed_company seed_companies[];
extern const size_t seed_ncompanies;

/* NULL-terminated. */
extern const char *const seed_jobs[];
extern const char *const seed_departments[];
extern const char *const seed_categories[];
extern const char *const seed_meetings[];
extern const char *const seed_rooms[];
extern const char *const seed_holidays[];
extern const char *const seed_subjects[];
extern const char *const seed_sentences[];

/* Two different pictures of one name, an inline logo, a text, a table, and a name with a '/'. */
enum {
    SEED_FILE_IMAGE_A,
    SEED_FILE_IMAGE_B,
    SEED_FILE_LOGO,
    SEED_FILE_NOTES,
    SEED_FILE_TABLE,
    SEED_FILE_SLASH
};
extern const struct seed_file seed_files[];

#endif
