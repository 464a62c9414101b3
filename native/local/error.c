/*
 * error.c - from the errors inside to those of the calls that return DER_ numbers.
 */
#include "handle.h"

int der(int rc)
{
	switch (rc) {
	case 0:
		return 0;
	case ENOENT:
		return -DER_NONEXIST;
	case EEXIST:
		return -DER_EXIST;
	case EACCES:
	case EPERM:
	case EROFS:
		return -DER_NO_PERM;
	case EINVAL:
		return -DER_INVAL;
	case ENOMEM:
		return -DER_NOMEM;
	case ENOSPC:
		return -DER_NOSPACE;
	case EBUSY:
		return -DER_BUSY;
	case ENXIO:
		return -DER_NO_HDL;
	case ESTALE:
		return -DER_STALE;
	case EPROTONOSUPPORT:
		return -DER_DF_INCOMPT;
	case DAMAGED:
		return -DER_DF_INVAL;
	case ENOTSUP:
		return -DER_NOTSUPPORTED;
	case EIO:
		return -DER_IO;
	default:
		return -DER_MISC;
	}
}

int der_done(daos_event_t *ev, int rc)
{
	return event_done(ev, der(rc));
}
