/*
 * xid.h
 *    Transaction ids with their epochs.
 */
#ifndef FQL_XID_H
#define FQL_XID_H

#include "postgres.h"

#include "access/transam.h"

/* A transaction id of a snapshot or a lock as of now: these are always less than 2^31 transactions old. */
static inline FullTransactionId
fql_xid_widen(TransactionId xid)
{
	FullTransactionId next = ReadNextFullTransactionId();
	uint32		epoch = EpochFromFullTransactionId(next);

	if (xid > XidFromFullTransactionId(next))
		epoch--;
	return FullTransactionIdFromEpochAndXid(epoch, xid);
}

#endif							/* FQL_XID_H */
