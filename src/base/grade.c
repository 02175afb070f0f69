/*
 * grade.c - each grade as an errno, as a word, and whether it is worth trying again.
 */
#include <outlookfs/base/grade.h>

#include <errno.h>

/* No default: the compiler names a grade that is left out. */
int grade_errno(enum grade grade)
{
    switch (grade) {
    case GRADE_OK:
        return 0;
    case GRADE_GONE:
        return -ENOENT;
    case GRADE_CONFLICT: /* of a read: nothing that asking for it again, as ESTALE makes the kernel
                            do, would mend */
        return -EIO;
    case GRADE_AUTH:
    case GRADE_DENIED:
        return -EACCES;
    case GRADE_TOO_BIG:
        return -EFBIG;
    case GRADE_REFUSED:
        return -EINVAL;
    case GRADE_THROTTLED:
        return -EAGAIN;
    case GRADE_BROKEN:
        return -EIO;
    case GRADE_OFFLINE:
        return -EHOSTUNREACH;
    case GRADE_CANCELLED:
        return -EINTR;
    }
    return -EIO;
}

bool grade_is_temporary(enum grade grade)
{
    return grade == GRADE_THROTTLED || grade == GRADE_BROKEN || grade == GRADE_OFFLINE ||
           grade == GRADE_AUTH;
}

const char *grade_name(enum grade grade)
{
    switch (grade) {
    case GRADE_OK:
        return "ok";
    case GRADE_GONE:
        return "gone";
    case GRADE_CONFLICT:
        return "conflict";
    case GRADE_AUTH:
        return "auth";
    case GRADE_DENIED:
        return "denied";
    case GRADE_TOO_BIG:
        return "too big";
    case GRADE_REFUSED:
        return "refused";
    case GRADE_THROTTLED:
        return "throttled";
    case GRADE_BROKEN:
        return "broken";
    case GRADE_OFFLINE:
        return "offline";
    case GRADE_CANCELLED:
        return "cancelled";
    }
    return "unknown";
}
