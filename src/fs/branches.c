/*
 * branches.c - the top-level directories. A new one is a file with its classes and a line here.
 */
#include "fs_p.h"

static const struct branch mail = {.name = "mail", .root = &kind_root_ops, .kind = KIND_MESSAGE};
static const struct branch calendars = {
    .name = "calendars", .root = &kind_root_ops, .kind = KIND_EVENT};
static const struct branch contacts = {
    .name = "contacts", .root = &kind_root_ops, .kind = KIND_CONTACT};
static const struct branch control = {
    .name = ".outlookfs", .root = &control_root_ops, .kind = KIND_COUNT};

static const struct branch outbox = {
    .name = "outbox", .root = &outbox_root_ops, .kind = KIND_COUNT};

static const struct branch triggers = {
    .name = "triggers", .root = &triggers_root_ops, .kind = KIND_COUNT};

static const struct branch search = {
    .name = "search", .root = &search_root_ops, .kind = KIND_COUNT, .kinds = &search_kind_ops};

static const struct branch views = {
    .name = "views", .root = &views_root_ops, .kind = KIND_COUNT, .kinds = &view_kind_ops};

static const struct branch export = {
    .name = "export", .root = &export_root_ops, .kind = KIND_COUNT, .kinds = &export_kind_ops};

const struct branch *const branches[] = {&mail,   &calendars, &contacts, &outbox,  &triggers,
                                         &search, &views,     &export,   &control, NULL};
