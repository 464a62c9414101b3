/*
 * error.c - the errors of the calls that return DER_ numbers: from the errno inside, and in words.
 */
#include "der.h"
#include "event.h"
#include "layout.h"
#include "local.h"

int der(int rc)
{
	switch (rc) {
	case 0:
		return 0;
	case ENOENT:
	case ENODATA:
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

/* ---- in words --------------------------------------------------------------------------------------------------- */
struct words {
	const char *name, *text;
};
#define GURT(error, text) [DER_##error - DER_ERR_GURT_BASE - 1] = {"DER_" #error, text}
#define DAOS(error, text) [DER_##error - DER_ERR_DAOS_BASE - 1] = {"DER_" #error, text}

static const struct words gurt[] = {
    GURT(NO_PERM, "No permission"),
    GURT(NO_HDL, "Not an open handle"),
    GURT(INVAL, "Invalid argument"),
    GURT(EXIST, "It exists already"),
    GURT(NONEXIST, "It does not exist"),
    GURT(UNREACH, "A node cannot be reached"),
    GURT(NOSPACE, "No space left"),
    GURT(ALREADY, "It was done already"),
    GURT(NOMEM, "Out of memory"),
    GURT(NOSYS, "No such function"),
    GURT(TIMEDOUT, "It took too long"),
    GURT(BUSY, "It is in use"),
    GURT(AGAIN, "Try again"),
    GURT(PROTO, "The versions of the protocol do not match"),
    GURT(UNINIT, "The library was not started"),
    GURT(TRUNC, "The buffer is too small"),
    GURT(OVERFLOW, "The value does not fit its type"),
    GURT(CANCELED, "It was cancelled"),
    GURT(OOG, "Out of the group, or its members changed"),
    GURT(HG, "The transport failed"),
    GURT(UNREG, "The call is not registered"),
    GURT(ADDRSTR_GEN, "No address could be made"),
    GURT(PMIX, "PMIx failed"),
    GURT(IVCB_FORWARD, "It has to be forwarded"),
    GURT(MISC, "Some other error"),
    GURT(BADPATH, "Bad path"),
    GURT(NOTDIR, "Not a directory"),
    GURT(CORPC_INCOMPLETE, "A collective call was not complete"),
    GURT(NO_RAS_RANK, "No rank that takes events"),
    GURT(NOTATTACH, "Not attached to the group"),
    GURT(MISMATCH, "The versions do not match"),
    GURT(EXCLUDED, "The rank is excluded"),
    GURT(NOREPLY, "No reply was expected"),
    GURT(DOS, "Denied, to protect the service"),
    GURT(BAD_TARGET, "Wrong target"),
    GURT(GRPVER, "The versions of the group do not match"),
    GURT(HLC_SYNC, "The clocks of the nodes differ too much"),
    GURT(NO_SHMEM, "No shared memory"),
    GURT(ADD_METRIC_FAILED, "The metric could not be added"),
    GURT(DURATION_MISMATCH, "The duration was ended otherwise than it began"),
    GURT(OP_NOT_PERMITTED, "Not permitted"),
    GURT(EXCEEDS_PATH_LEN, "The path is too long"),
    GURT(METRIC_NOT_FOUND, "No such metric"),
    GURT(SHMEM_PERMS, "The permissions of the shared memory do not match"),
    GURT(HG_FATAL, "The transport failed for good"),
    GURT(QUOTA_LIMIT, "The quota is used up"),
};
_Static_assert(sizeof(gurt) / sizeof(gurt[0]) == DER_QUOTA_LIMIT - DER_ERR_GURT_BASE, "all of them");

static const struct words daos[] = {
    DAOS(IO, "Input or output failed"),
    DAOS(FREE_MEM, "Memory could not be freed"),
    DAOS(ENOENT, "No such entry"),
    DAOS(NOTYPE, "Unknown type of object"),
    DAOS(NOSCHEMA, "Unknown schema of objects"),
    DAOS(NOLOCAL, "Not local"),
    DAOS(STALE, "Stale"),
    DAOS(NOTLEADER, "Not the leader of the service"),
    DAOS(TGT_CREATE, "The target could not be made"),
    DAOS(EP_RO, "The epoch is read-only"),
    DAOS(EP_OLD, "The epoch is too old"),
    DAOS(KEY2BIG, "The key is too large"),
    DAOS(REC2BIG, "The record is too large"),
    DAOS(IO_INVAL, "The request does not match the object"),
    DAOS(EQ_BUSY, "The event queue is in use"),
    DAOS(DOMAIN, "The domains do not match"),
    DAOS(SHUTDOWN, "The service is going down"),
    DAOS(INPROGRESS, "It is under way"),
    DAOS(NOTAPPLICABLE, "Not applicable"),
    DAOS(NOTREPLICA, "Not a replica of the service"),
    DAOS(CSUM, "The checksum does not match"),
    DAOS(DF_INVAL, "What is stored contradicts itself"),
    DAOS(DF_INCOMPT, "What is stored is of another version"),
    DAOS(REC_SIZE, "Wrong size of a record"),
    DAOS(TX_RESTART, "The transaction has to start again"),
    DAOS(DATA_LOSS, "Data is lost"),
    DAOS(OP_CANCELED, "The operation was cancelled"),
    DAOS(TX_BUSY, "The transaction is not committed yet"),
    DAOS(AGENT_INCOMPAT, "The agent is of another version"),
    DAOS(NEED_TX, "A transaction is needed"),
    DAOS(RF, "Too many failures for the redundancy"),
    DAOS(FETCH_AGAIN, "Fetch again"),
    DAOS(TX_UNCERTAIN, "The state of the transaction is unknown"),
    DAOS(AGENT_COMM, "The agent does not answer"),
    DAOS(ID_MISMATCH, "The identifiers do not match"),
    DAOS(TGT_RETRY, "Try another target"),
    DAOS(NOTSUPPORTED, "Not supported"),
    DAOS(CONTROL_INCOMPAT, "The control plane is of another version"),
    DAOS(NO_SERVICE, "No service"),
    DAOS(TX_ID_REUSED, "The identifier of the transaction is in use"),
    DAOS(UPDATE_AGAIN, "Update again"),
    DAOS(NVME_IO, "The NVMe device failed"),
    DAOS(NO_CERT, "A certificate is missing"),
    DAOS(BAD_CERT, "A certificate is not valid"),
    DAOS(VOS_PARTIAL_UPDATE, "Only a part was updated"),
    DAOS(CHKPT_BUSY, "A checkpoint is being taken"),
    DAOS(DIV_BY_ZERO, "Division by zero"),
    DAOS(OVERLOAD_RETRY, "Too much load, try later"),
    DAOS(NOT_RESUME, "It cannot go on where it was"),
    DAOS(CONT_NONEXIST, "The container does not exist"),
    DAOS(CONT_DESTROYING, "The container is being destroyed"),
    DAOS(IGNORE, "To be ignored"),
};
_Static_assert(sizeof(daos) / sizeof(daos[0]) == DER_LAST_VALID - DER_ERR_DAOS_BASE - 1, "all of them");

static struct words words_of(int errnum)
{
	unsigned n = errnum < 0 ? 0U - (unsigned)errnum : (unsigned)errnum;

	if (n == 0)
		return (struct words){"DER_SUCCESS", "Success"};
	if (n > DER_ERR_GURT_BASE && n <= DER_QUOTA_LIMIT)
		return gurt[n - DER_ERR_GURT_BASE - 1];
	if (n > DER_ERR_DAOS_BASE && n < DER_LAST_VALID)
		return daos[n - DER_ERR_DAOS_BASE - 1];
	return (struct words){"DER_UNKNOWN", "Unknown error"};
}

EXPORT const char *d_errstr(int errnum)
{
	return words_of(errnum).name;
}

EXPORT const char *d_errdesc(int errnum)
{
	return words_of(errnum).text;
}
