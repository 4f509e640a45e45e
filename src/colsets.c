/*
 * colsets.c
 *    The column sets of a relation by whose values its rows are named in tags: on which both sides agree.
 *
 * A writer names a changed row once for each set, by the values that the row has in it.  A reader whose scan returns
 * only rows with certain values in the columns of a set depends on that name instead of the whole relation.  Sets are
 * the prefixes of the relation's live btree and hash indexes, as far as they are plain columns that hash (a partial
 * index counts like any other, INCLUDE columns and other access methods do not), and the columns of its foreign keys.
 * A set is a set: indexes on (a, b) and (b, a) have one in common.
 *
 * What hashes.  A type that is built in, or an enum, domains seen through, whose default hash operator class and its
 * extended hash function are built in.  So no extension's update can change what a value hashes to while entries live,
 * and both sides decide alike whatever else a database defines.  Containers (arrays, ranges, records) hash their
 * elements by functions that may not be built in, and are left out.  The collation is always C, for which text hashes
 * by its bytes; a reader must not use an operator whose collation holds different bytes for equal.
 *
 * Why both sides may look at definitions at different times.  A writer names all live sets, those of invalid indexes
 * too; a reader uses only those marked readable: of a valid index, or a foreign key.  Let E be an entry that was
 * computed with set S, and W a writer that becomes visible after E's snapshot and changes a row that S's values name.
 * Claim: W named the row by S, or E is not served.
 *   (a) S came.  CREATE INDEX and ADD FOREIGN KEY hold a lock on the table that waits for every writer, and so does
 *       REINDEX.  CREATE INDEX CONCURRENTLY and REINDEX CONCURRENTLY wait for every writer who does not know the new
 *       index before they make it valid.  A writer takes his lock, and with it the messages about what was committed
 *       until then, before his first row, and keeps it until he is visible; so whoever does not name S was visible and
 *       had let go of his lock when S became readable.  If E was computed with S, then either its s0 is later than the
 *       tick of the transaction that made S readable, and its snapshot is later than W; or it is not, and then the
 *       schema's tag, which that transaction touched, keeps E from being published or served (ddl.c; REINDEX
 *       touches it where there is an invalid index that it might make valid).
 *   (b) S went.  The command touches the schema's tag, so E dies at its fence, before any writer can see it committed.
 * In both cases it is needed that a reader's definitions are at least as new as its s0: execute.c reads the messages
 * after s0, and what is kept here is dropped by a message like the relation's own cache entry.
 *
 * A superuser could still give a built-in type another default hash operator class than its own.  That type's columns
 * are in no set from then on, and what is kept is made anew; giving the type back its own while somebody writes is the
 * one change of definitions that nothing waits for.
 *
 * Kept per backend by relation, like the relation cache itself and as long: invalidation drops.  What is dropped stays
 * in memory until the next sets are built, so that it is not freed under a caller that was just handed it.  Sets whose
 * building an invalidation disturbed are handed out, since they are at least as new as the caller's lock, but not kept.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/hash.h"
#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_index.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "colsets.h"
#include "compat.h"

/* The sets of one relation, with what it takes to free them: all of it is in the context. */
typedef struct BuiltSets
{
	FqlColumnSets sets;
	MemoryContext context;
	struct BuiltSets *next;		/* of those dropped */
} BuiltSets;

typedef struct KeptSets
{
	Oid			relation;		/* hash key */
	BuiltSets  *built;
} KeptSets;

static MemoryContext kept_context = NULL;
static HTAB *kept = NULL;		/* KeptSets by relation */
static BuiltSets *last = NULL;	/* the one asked for last, as writers ask again for every row */
static BuiltSets *dropped = NULL;
static uint64 drops = 0;		/* messages seen */

/*
 * Keeping
 */

/* May neither allocate nor fail. */
static void
drop(KeptSets *entry)
{
	entry->built->next = dropped;
	dropped = entry->built;
	hash_search(kept, &entry->relation, HASH_REMOVE, NULL);
}

static void
drop_all(void)
{
	HASH_SEQ_STATUS scan;
	KeptSets   *entry;

	hash_seq_init(&scan, kept);
	while ((entry = hash_seq_search(&scan)) != NULL)
		drop(entry);
}

/* A relation's definition changed, or (InvalidOid) perhaps any. */
static void
note_relation_change(Datum arg pg_attribute_unused(), Oid relation)
{
	KeptSets   *entry;

	drops++;
	last = NULL;
	if (!OidIsValid(relation))
		drop_all();
	else if ((entry = hash_search(kept, &relation, HASH_FIND, NULL)) != NULL)
		drop(entry);
}

/* An operator class changed: perhaps one that decides what hashes. */
static void
note_class_change(Datum arg, int cacheid pg_attribute_unused(), uint32 hashvalue pg_attribute_unused())
{
	note_relation_change(arg, InvalidOid);
}

static void
keep_init(void)
{
	HASHCTL		control = {.keysize = sizeof(Oid), .entrysize = sizeof(KeptSets)};

	if (kept != NULL)
		return;
	if (kept_context == NULL)
		kept_context = AllocSetContextCreate(TopMemoryContext, "fraiseql column sets", ALLOCSET_SMALL_SIZES);
	control.hcxt = kept_context;
	kept = hash_create("fraiseql column sets", 32, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	CacheRegisterRelcacheCallback(note_relation_change, (Datum) 0);
	CacheRegisterSyscacheCallback(CLAOID, note_class_change, (Datum) 0);
}

static void
free_dropped(void)
{
	while (dropped != NULL)
	{
		BuiltSets  *next = dropped->next;

		MemoryContextDelete(dropped->context);
		dropped = next;
	}
}

/*
 * Building
 */

/* A set as it is gathered: columns as numbers. */
typedef struct SetDraft
{
	int			count;
	AttrNumber	columns[INDEX_MAX_KEYS];	/* ascending, each once */
	bool		is_readable;
	bool		is_unique;
} SetDraft;

/* No object that anybody could define, redefine or drop. */
static bool
is_built_in(Oid object)
{
	return OidIsValid(object) && object < FirstUnpinnedObjectId;
}

/* Containers hash their elements, by functions that may be anybody's. */
static bool
hashes_elements(Oid function)
{
	return function == F_HASH_ARRAY_EXTENDED || function == F_HASH_RANGE_EXTENDED ||
		function == F_HASH_MULTIRANGE_EXTENDED || function == F_HASH_RECORD_EXTENDED;
}

/* The extended hash function of a base type, and its family; InvalidOid if the type cannot be part of a set. */
static Oid
hash_function_of(Oid type, Oid *family)
{
	Oid			class;
	Oid			input;
	Oid			function;

	if (!is_built_in(type) && !type_is_enum(type))
		return InvalidOid;
	class = GetDefaultOpClass(type, HASH_AM_OID);
	if (!is_built_in(class) || !get_opclass_opfamily_and_input_type(class, family, &input))
		return InvalidOid;
	function = get_opfamily_proc(*family, input, input, HASHEXTENDED_PROC);
	return is_built_in(function) && !hashes_elements(function) ? function : InvalidOid;
}

/*
 * Can the column be part of a set?  Expressions and system columns are none.  Nor are virtual columns, of which writers
 * see no value (PostgreSQL 18 allows none in an index or a foreign key).
 */
static bool
is_hashable(Relation relation, AttrNumber column)
{
	Form_pg_attribute attribute;
	Oid			family;

	if (column <= 0 || column > RelationGetNumberOfAttributes(relation))
		return false;
	attribute = TupleDescAttr(RelationGetDescr(relation), column - 1);
	if (attribute->attisdropped || fql_compat_is_virtual_column(attribute))
		return false;
	return OidIsValid(hash_function_of(getBaseType(attribute->atttypid), &family));
}

/* Put a column where it belongs, once. */
static void
draft_add(SetDraft *draft, AttrNumber column)
{
	int			position = 0;

	while (position < draft->count && draft->columns[position] < column)
		position++;
	if (position < draft->count && draft->columns[position] == column)
		return;
	Assert(draft->count < INDEX_MAX_KEYS);
	memmove(&draft->columns[position + 1], &draft->columns[position],
			(draft->count - position) * sizeof(AttrNumber));
	draft->columns[position] = column;
	draft->count++;
}

/* Remember a set, or what is new about one that is there. */
static List *
drafts_add(List *drafts, const SetDraft *draft)
{
	ListCell   *cell;
	SetDraft   *copy;

	foreach(cell, drafts)
	{
		SetDraft   *other = lfirst(cell);

		if (other->count == draft->count &&
			memcmp(other->columns, draft->columns, draft->count * sizeof(AttrNumber)) == 0)
		{
			other->is_readable |= draft->is_readable;
			other->is_unique |= draft->is_unique;
			return drafts;
		}
	}
	copy = palloc(sizeof(SetDraft));
	*copy = *draft;
	return lappend(drafts, copy);
}

/* An index's prefixes, up to the first column that is none or does not hash. */
static List *
drafts_add_prefixes(List *drafts, Relation relation, Form_pg_index index, bool is_partial)
{
	SetDraft	draft = {.is_readable = index->indisvalid && index->indislive};
	bool		is_unique = index->indisunique && index->indimmediate && index->indisvalid && !is_partial;

	for (int i = 0; i < index->indnkeyatts; i++)
	{
		AttrNumber	column = index->indkey.values[i];

		if (!is_hashable(relation, column))
			break;
		draft_add(&draft, column);
		draft.is_unique = is_unique && i == index->indnkeyatts - 1;
		drafts = drafts_add(drafts, &draft);
	}
	return drafts;
}

/* Are the access method's columns keys, in the order in which a scan restricts them? */
static bool
has_prefixes(Oid index)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(index));
	Oid			method;

	if (!HeapTupleIsValid(tuple))
		return false;
	method = ((Form_pg_class) GETSTRUCT(tuple))->relam;
	ReleaseSysCache(tuple);
	return method == BTREE_AM_OID || method == HASH_AM_OID;
}

/*
 * The sets of one index, from the catalog rather than by index_open(): a lock on the index would wait for REINDEX.  One
 * that is gone was dropped concurrently, and had been invalid before.
 */
static List *
drafts_add_index(List *drafts, Relation relation, Oid index)
{
	HeapTuple	tuple;

	if (!has_prefixes(index))
		return drafts;
	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
	if (!HeapTupleIsValid(tuple))
		return drafts;
	drafts = drafts_add_prefixes(drafts, relation, (Form_pg_index) GETSTRUCT(tuple),
								 !heap_attisnull(tuple, Anum_pg_index_indpred, NULL));
	ReleaseSysCache(tuple);
	return drafts;
}

/* The columns of a foreign key that hash (one of them may be a period). */
static List *
drafts_add_foreign_key(List *drafts, Relation relation, const ForeignKeyCacheInfo *key)
{
	SetDraft	draft = {.is_readable = true};

	for (int i = 0; i < key->nkeys; i++)
	{
		if (is_hashable(relation, key->conkey[i]))
			draft_add(&draft, key->conkey[i]);
	}
	return draft.count > 0 ? drafts_add(drafts, &draft) : drafts;
}

/* All sets.  The relation's own lists may vanish with any look at a catalog, so copies are walked. */
static List *
gather_drafts(Relation relation)
{
	List	   *drafts = NIL;
	List	   *indexes = RelationGetIndexList(relation);
	List	   *keys = copyObject(RelationGetFKeyList(relation));
	ListCell   *cell;

	foreach(cell, indexes)
	{
		CHECK_FOR_INTERRUPTS();
		drafts = drafts_add_index(drafts, relation, lfirst_oid(cell));
	}
	foreach(cell, keys)
	{
		CHECK_FOR_INTERRUPTS();
		drafts = drafts_add_foreign_key(drafts, relation, lfirst_node(ForeignKeyCacheInfo, cell));
	}
	return drafts;
}

/* Every column that is in a set, ascending. */
static void
fill_columns(FqlColumnSets *sets, Relation relation, List *drafts, MemoryContext context)
{
	Bitmapset  *members = NULL;
	ListCell   *cell;
	int			column = -1;

	foreach(cell, drafts)
	{
		SetDraft   *draft = lfirst(cell);

		for (int i = 0; i < draft->count; i++)
			members = bms_add_member(members, draft->columns[i]);
	}
	sets->columns = MemoryContextAllocZero(context, mul_size(Max(bms_num_members(members), 1),
															 sizeof(FqlHashedColumn)));
	while ((column = bms_next_member(members, column)) >= 0)
	{
		FqlHashedColumn *hashed = &sets->columns[sets->column_count];
		Oid			function;

		hashed->column = column;
		hashed->type = getBaseType(TupleDescAttr(RelationGetDescr(relation), column - 1)->atttypid);
		function = hash_function_of(hashed->type, &hashed->family);
		if (!OidIsValid(function))
			elog(ERROR, "hash function of column %d vanished", column);
		fmgr_info_cxt(function, &hashed->hash, context);
		sets->column_count++;
	}
}

static int
column_position(const FqlColumnSets *sets, AttrNumber column)
{
	int			position = 0;

	while (position < sets->column_count && sets->columns[position].column < column)
		position++;
	return position;
}

static void
fill_set(const FqlColumnSets *sets, FqlColumnSet *set, const SetDraft *draft)
{
	set->base = fql_tag_columns(MyDatabaseId, sets->relation, draft->columns, draft->count);
	set->bits = FQL_COLUMNS_NONE;
	set->is_readable = draft->is_readable;
	set->is_unique = draft->is_unique;
	set->count = draft->count;
	for (int i = 0; i < draft->count; i++)
	{
		set->bits |= fql_column_bit(draft->columns[i]);
		set->members[i] = column_position(sets, draft->columns[i]);
	}
}

static void
fill_sets(FqlColumnSets *sets, List *drafts, MemoryContext context)
{
	ListCell   *cell;

	sets->sets = MemoryContextAllocZero(context, mul_size(Max(list_length(drafts), 1), sizeof(FqlColumnSet)));
	foreach(cell, drafts)
		fill_set(sets, &sets->sets[sets->set_count++], lfirst(cell));
}

/* The only column of the primary key, or InvalidAttrNumber.  After RelationGetIndexList(). */
static AttrNumber
only_key_column(Relation relation)
{
	AttrNumber	column = InvalidAttrNumber;
	HeapTuple	tuple;

	if (!OidIsValid(relation->rd_pkindex))
		return InvalidAttrNumber;
	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(relation->rd_pkindex));
	if (!HeapTupleIsValid(tuple))
		return InvalidAttrNumber;
	if (((Form_pg_index) GETSTRUCT(tuple))->indnkeyatts == 1)
		column = ((Form_pg_index) GETSTRUCT(tuple))->indkey.values[0];
	ReleaseSysCache(tuple);
	return column;
}

/* Functions of types that are not built in may do anything, and the id is written out while a transaction commits. */
static void
fill_id(FqlIdColumn *id, Relation relation)
{
	AttrNumber	column = get_attnum(RelationGetRelid(relation), "id");
	Form_pg_attribute attribute;

	if (column <= 0)
		column = only_key_column(relation);
	if (column <= 0)
		return;
	attribute = TupleDescAttr(RelationGetDescr(relation), column - 1);
	id->type = getBaseType(attribute->atttypid);
	if (id->type >= FirstGenbkiObjectId || get_typtype(id->type) != TYPTYPE_BASE)
		return;
	id->column = column;
	id->length = attribute->attlen;
	id->by_value = attribute->attbyval;
}

/* In a context below the current one, so that an error frees it; what it takes to get there is freed at once. */
static BuiltSets *
build(Relation relation)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "fraiseql column sets", ALLOCSET_SMALL_SIZES);
	MemoryContext work = AllocSetContextCreate(context, "fraiseql column sets work", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(work);
	BuiltSets  *built = MemoryContextAllocZero(context, sizeof(BuiltSets));
	List	   *drafts = gather_drafts(relation);

	built->context = context;
	built->sets.relation = RelationGetRelid(relation);
	fill_columns(&built->sets, relation, drafts, context);
	fill_sets(&built->sets, drafts, context);
	fill_id(&built->sets.id, relation);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(work);
	return built;
}

/* Keep what was built, unless a message came meanwhile: then it is freed when the next is built. */
static void
keep(BuiltSets *built, bool is_undisturbed)
{
	if (is_undisturbed)
	{
		KeptSets   *entry;
		bool		found;

		entry = hash_search(kept, &built->sets.relation, HASH_ENTER, &found);
		Assert(!found);
		entry->built = last = built;
	}
	else
	{
		built->next = dropped;
		dropped = built;
	}
	MemoryContextSetParent(built->context, kept_context);
}

/* Built now. */
static const FqlColumnSets *
build_and_keep(Relation relation)
{
	uint64		before = drops;
	BuiltSets  *built;

	free_dropped();
	built = build(relation);
	keep(built, drops == before);
	return &built->sets;
}

const FqlColumnSets *
fql_column_sets(Relation relation)
{
	Oid			relid = RelationGetRelid(relation);
	KeptSets   *entry;

	if (last != NULL && last->sets.relation == relid)
		return &last->sets;
	keep_init();
	entry = hash_search(kept, &relid, HASH_FIND, NULL);
	if (entry == NULL)
		return build_and_keep(relation);
	last = entry->built;
	return &last->sets;
}

/*
 * Using
 */

uint64
fql_value_hash(FmgrInfo *hash, Datum value, bool isnull)
{
	if (isnull)
		return FQL_TAG_NULL_VALUE;
	return DatumGetUInt64(FunctionCall2Coll(hash, C_COLLATION_OID, value, UInt64GetDatum(fql_tag_value_seed())));
}
