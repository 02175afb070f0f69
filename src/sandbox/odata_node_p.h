/*
 * odata_node_p.h - the tree odata.c parses and odata_eval.c evaluates, and what odata_order.c needs
 * of both.
 */
#ifndef SANDBOX_ODATA_NODE_P_H
#define SANDBOX_ODATA_NODE_P_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct buf;
struct member;

enum value_type { VALUE_NULL, VALUE_STRING, VALUE_NUMBER, VALUE_BOOL, VALUE_TIME };

/* The strings belong to the node, to the record or to `owned`. */
struct value {
    enum value_type type;
    const char *text;
    double number; /* also of a boolean: 0 or 1 */
    int64_t time;
    char *owned;
};

enum node_op {
    NODE_LITERAL,
    NODE_MEMBER,
    NODE_OR,
    NODE_AND,
    NODE_NOT,
    NODE_EQ,
    NODE_NE,
    NODE_GT,
    NODE_GE,
    NODE_LT,
    NODE_LE,
    NODE_CONTAINS,
    NODE_STARTSWITH,
    NODE_ENDSWITH,
    NODE_TOLOWER,
    NODE_TOUPPER,
    NODE_LENGTH,
};

struct node {
    enum node_op op;
    enum value_type type; /* what it evaluates to */
    struct node *a, *b;
    char *text; /* of a string literal; the path of a member */
    struct value literal;
};

void node_free(struct node *n);

/* The type of the single value a path names; -EINVAL for an unknown member, an object as a whole or
 * a list. */
int node_member_type(const struct member *members, const char *path, enum value_type *ret,
                     struct buf *err);

/* The member a path names; a value of `type`, or VALUE_NULL when the record has none. */
struct value node_member(const cJSON *record, const char *path, enum value_type type);

struct value node_eval(const struct node *n, const cJSON *record);
bool node_true(const struct node *n, const cJSON *record);

/* Negative, 0 or positive for two values of one type; null comes first. */
int value_compare(const struct value *a, const struct value *b);

#endif
