/*
 * json_walk.h - json_reader.h with an eye on some members: which value is at which path, and which
 * name came before in the same object.
 *
 *     static const char *const paths[] = {"Id", "Start/DateTime", "Attachments"};
 *     struct json_walk *walk = json_walk_create(paths, 3);
 *     json_walk_text(walk, text, len);
 *     ...                                   // json_walk_next() up to the JSON_OBJECT of a record
 *     json_walk_root(walk);                 // the paths begin here
 *     while (json_walk_next(walk) ...)      // walk->member: 0, 1, 2 at these values, else -1
 *
 * The paths may be asked for in many objects one after the other, in any text until
 * json_walk_text(). What is known of names stays meanwhile: objects of one kind have one order, so a
 * name is mostly one comparison.
 *
 * Elements of an array have the path of the array.
 *
 * Threads: owner only. `paths` must outlive the walk.
 */
#ifndef OUTLOOKFS_BASE_JSON_WALK_H
#define OUTLOOKFS_BASE_JSON_WALK_H

#include <outlookfs/base/json_reader.h>
#include <stdint.h>

struct json_walk_node;

struct json_walk_level {
    unsigned node;   /* of the object or array; 0: below no root */
    unsigned last;   /* the member read last */
    unsigned serial; /* of the object, for json_walk_node.seen */
};

struct json_walk {
    struct json_reader reader;
    int member;    /* of a value, its first token and its last: index of its path; -1: none */
    bool repeated; /* a name came again in its object; set here, taken back by the owner */

    /* private */
    const char *const *paths;
    size_t npaths;
    struct json_walk_node *nodes; /* [0] is none, [1] the root */
    unsigned count, room;
    unsigned *table; /* of nodes, by parent and name */
    unsigned slots;  /* a power of two */
    unsigned serial;
    unsigned named; /* the node of the name read last */
    struct json_walk_level levels[JSON_READER_DEPTH + 1];
};

struct json_walk *json_walk_create(const char *const *paths, size_t count);
void json_walk_destroy(struct json_walk *walk); /* NULL is fine */

/* Begins with another text. */
void json_walk_text(struct json_walk *walk, const char *text, size_t len);

/* The object whose JSON_OBJECT was read last is where the paths begin. */
void json_walk_root(struct json_walk *walk);

enum json_token json_walk_next(struct json_walk *walk);

#endif
