/*
 * state_absent.c - which names no row has, known without asking: a Bloom filter.
 *
 * Nearly every name that is looked up is that of a record nobody touched here. What rows are found
 * by (names of slots and scratch files, ids of records) is entered before a row that has it is
 * written, and never taken out. Whoever finds it entered has to ask all the same: at 10,000 rows one
 * look in 5,000 is needless, at 100,000 one in eleven.
 */
#include "state_p.h"

#include <outlookfs/base/str.h>

#include <string.h>

#define LOOKS 3 /* bits of an entry */

static void bits_of(const char *text, uint64_t ret[LOOKS])
{
    uint64_t sum = str_sum(0, text, strlen(text));

    for (int i = 0; i < LOOKS; i++)
        ret[i] = sum >> i * 21 & (ABSENT_BITS - 1);
}

void absent_enter(struct state *s, const char *text)
{
    uint64_t bits[LOOKS];

    if (!text)
        return;
    bits_of(text, bits);
    for (int i = 0; i < LOOKS; i++)
        atomic_fetch_or(&s->entered[bits[i] / 64], UINT64_C(1) << bits[i] % 64);
}

bool is_absent(struct state *s, const char *text)
{
    uint64_t bits[LOOKS];

    if (!text)
        return true;
    bits_of(text, bits);
    for (int i = 0; i < LOOKS; i++) {
        if (!(atomic_load(&s->entered[bits[i] / 64]) >> bits[i] % 64 & 1))
            return true;
    }
    return false;
}

int absent_begin(struct state *s)
{
    struct sql_query q;

    db_read(&s->db, &q,
            "SELECT name FROM slots UNION ALL SELECT record FROM slots UNION ALL"
            " SELECT name FROM locals");
    while (sql_row(&q))
        absent_enter(s, sql_str(&q, 0));
    return sql_end(&q);
}
