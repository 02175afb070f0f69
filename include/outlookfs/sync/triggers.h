/*
 * triggers.h - triggers: what their definitions mean, the streams of what they bring, and one poll.
 *
 *     {"Trigger": "OnNewEmail", "folderPath": "Inbox", "from": "boss@contoso.com"}
 *
 * The file system says what a user did to triggers/<name>.json and triggers/<name>.jsonl, the
 * poller (layer triggers) asks which one is due and polls it. Here a `name` is "<name>".
 *
 * Life of a trigger. A definition that is accepted sets the baseline with its next call: nothing
 * older is brought. A changed one starts afresh; the same again (as JSON) changes nothing. Removed,
 * it stops; the same one coming back within TRIGGER_GRACE goes on where it was, because that is how
 * editors save. The stream outlives its definition until it is removed itself.
 *
 * Polling (connector contract 4.3). The cursor is the whole query of the last answer's Location.
 * Data: the next call at once. Nothing (202 or an empty list): after Retry-After (15 s when not
 * said), at least poll_min and at most poll_max. A failure that may pass: poll_min doubling to
 * poll_max, or Retry-After. A refusal: FAILED with the reason, asked again each TRIGGER_PAUSE_LONG
 * with the same cursor. When no handle is open and nobody has looked at the stream for an hour,
 * each further hour doubles the pause, up to TRIGGER_PAUSE_LONG; a look ends that at once.
 *
 * What a call brings is entered into the cache first, told as record_changed events, and then
 * appended to the stream together with the cursor. An item that came before (the same id and
 * version, of the last 4096) is not appended again, so each is in the stream once even where the
 * service repeats itself.
 *
 * Streams are bounded: at stream_max the file becomes the older one ("<name>.jsonl.1", replacing
 * the one before it) and a new one begins.
 *
 * Threads: any, triggers_due() and triggers_poll() from one at a time. define, draft, stop, rename
 * and drop_stream are serialised by the caller (the file system's change lock) and may stand in a
 * transaction of store/state.h; triggers_kick() follows when it has ended.
 */
#ifndef OUTLOOKFS_SYNC_TRIGGERS_H
#define OUTLOOKFS_SYNC_TRIGGERS_H

#include <outlookfs/base/clock.h>
#include <outlookfs/store/triggers.h>

struct buf;
struct cJSON;
struct cancel;
struct mailbox;
struct triggers;

#define TRIGGER_GRACE (10 * NS_PER_S)
#define TRIGGER_PAUSE_MIN (5 * NS_PER_S) /* poll_min where nobody says */
#define TRIGGER_PAUSE_LONG (15 * 60 * NS_PER_S)
#define TRIGGER_TEXT_MAX ((size_t)64 * 1024) /* of a definition */

struct triggers *mailbox_triggers(struct mailbox *mb);

/* --- definitions --- */

/*
 * -EINVAL with the reason: no JSON object, a member the trigger does not have or of the wrong type,
 * a calendar that does not exist. Calendars go by the name they have in calendars/, by display name
 * or id; while the list of calendars was never seen, the first call decides. -EFBIG.
 */
int triggers_check(struct triggers *t, const char *text, size_t len, struct buf *err);

/* A definition with every member of this trigger, to fill in. Owned by the caller; NULL: no trigger is
 * called so. */
struct cJSON *triggers_template(const char *name);

/* The file holds this text now. -EINVAL as above: what was in force stays. */
int triggers_define(struct triggers *t, const char *name, const char *text, size_t len,
                    struct buf *err);
/* It holds something that is not a definition (yet). */
int triggers_draft(struct triggers *t, const char *name, const char *reason);
int triggers_stop(struct triggers *t, const char *name);
/* The definition's file was renamed and defines `to` now; the stream goes with it where `to` has
 * none. */
int triggers_rename(struct triggers *t, const char *from, const char *to, const char *text,
                    size_t len, struct buf *err);
/* The stream, or the older one, is removed; in force, a new one begins. -ENOENT. */
int triggers_drop_stream(struct triggers *t, const char *name, bool older);

/* --- who looks --- */

/* Somebody opens the stream: +1; closes it: -1; just looks at it: 0. */
void triggers_watch(struct triggers *t, int64_t id, int change);

/* --- polling --- */

/* The id of a trigger that is to be asked now, or 0; then `ret_when` is the clock_mono() to look
 * again. */
int64_t triggers_due(struct triggers *t, int64_t *ret_when);
/* One call and what follows from it. True: there may be more at once. */
bool triggers_poll(struct triggers *t, int64_t id, struct cancel *cancel);
/* Until `until`, or something changed. 0, -ETIMEDOUT or -EINTR. */
int triggers_wait(struct triggers *t, int64_t until, struct cancel *cancel);
void triggers_kick(struct triggers *t);
/* Seconds until the trigger is asked again, for status; -1: not known. */
int64_t triggers_next(struct triggers *t, int64_t id);

#endif
