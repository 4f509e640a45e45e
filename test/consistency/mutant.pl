#!/usr/bin/perl
#
# test/consistency/mutant.pl
#    Break one rule of the protocol in a copy of the sources.
#
# Usage: mutant.pl --list | mutant.pl <name> <directory of the sources>
#
# Each edit replaces a text that must be there exactly once.  When the code has moved on, the edit fails, loudly: mend it,
# so that the rule is broken in the new code as it was in the old one.
use strict;
use warnings;

# A list keeps the order: [name, what the rule was, [file, old text, new text]...].
my @mutants = (
	[
		'no-fence', 'commits leave the words alone',
		[ 'touched.c', "\tfql_fence_raise(list, count);\n\tfence_is_up = true;", "\tcount = 0;\n\tfence_is_up = true;" ]
	],
	[
		'commit-only', 'nothing before visibility: the words move when the commit is visible already',
		[ 'touched.c', "\tfql_fence_raise(list, count);\n\tfence_is_up = true;", "\tfence_is_up = false;" ],
		[
			'touched.c', "\tif (fence_is_up)\n\t\tfql_fence_lower_with_tick(list, count);",
			"\tfql_fence_raise(list, count);\n\tfql_fence_lower_with_tick(list, count);"
		]
	],
	[
		'pre-commit-only', 'the fence comes down with its tick before the commit is visible',
		[
			'touched.c', "\tfql_fence_raise(list, count);\n\tfence_is_up = true;",
			"\tfql_fence_raise(list, count);\n\tfql_fence_lower_with_tick(list, count);\n\tfence_is_up = false;"
		]
	],
	[
		'no-role-in-key', 'two roles share an answer',
		[ 'key.c', 'identity = {MyDatabaseId, role, GetSessionUserId(), security_context}',
			'identity = {MyDatabaseId, role * 0, GetSessionUserId(), security_context}' ]
	],
	[
		'no-revoke-tag', 'GRANT and REVOKE of privileges touch nothing',
		[ 'ddl.c', "\t\tcase T_TransactionStmt:\n", "\t\tcase T_GrantStmt:\n\t\tcase T_TransactionStmt:\n" ],
		[ 'ddl.c', "\telse if (concerns_others(", "\telse if (false && concerns_others(" ]
	],
	[
		'no-roles-tag', 'GRANT and REVOKE of roles touch nothing',
		[ 'ddl.c', "\t\tcase T_TransactionStmt:\n", "\t\tcase T_GrantRoleStmt:\n\t\tcase T_TransactionStmt:\n" ],
		[ 'ddl.c', "\telse if (concerns_others(", "\telse if (false && concerns_others(" ]
	],
	[
		's0-after-snapshot', 's0 is read when the answer has been computed',
		[ 'execute.c', "\t\tfill.answer.response = response;", "\t\tfill.answer.start_clock = fql_clock_read();\n\t\tfill.answer.response = response;" ]
	],
	[
		'no-xmax-rule', 'a snapshot is served answers that are newer than it',
		[ 'cache.c', "\treturn !FullTransactionIdIsValid(reader->snapshot_xmin) ||", "\treturn true ||" ]
	],
	[
		'snapshot-per-root-field', 'each root field is a statement of its own, under a snapshot of its own',
		[ 'exec.c', "\tsql = fql_sqlgen(roots, count, arena, &refused);\n", "\tsql = count > 1 ? NULL : fql_sqlgen(roots, count, arena, &refused);\n" ],
		[
			'exec.c', "\terror = run_protected(sql, for_fill, out);\n",
			"\tPushActiveSnapshot(GetTransactionSnapshot());\n\terror = run_protected(sql, for_fill, out);\n\tPopActiveSnapshot();\n"
		],
		[ 'exec.c', "\t*clean = sql != NULL && error == NULL;\n", "\t*clean = error == NULL && diagnostics.count == 0;\n" ]
	],
	[
		'rows-not-named', 'writes name the table, not the values of the row',
		[
			'track.c', "\tfor (int i = 0; i < sets->set_count; i++)\n\t\tfql_touch_rows(row_tag(&sets->sets[i], hashes));",
			"\t(void) row_tag;"
		],
		[ 'track.c', "\t\tif ((set->bits & changed) == 0)\n", "\t\tif (set != NULL)\n\t\t\tcontinue;\n\t\tif ((set->bits & changed) == 0)\n" ]
	],
	[
		'old-row-not-named', 'a row that moves is named where it went, not where it was',
		[ 'track.c', "\t\t\tfql_touch_rows(row_tag(set, before));\n\t\t\tfql_touch_rows(row_tag(set, after));",
			"\t\t\tfql_touch_rows(row_tag(set, after));" ]
	],
	[
		'no-bulk-tag', 'writes past the limit touch the table, not what named its rows',
		[ 'touched.c', "\tfql_touch(fql_tag_bulk(MyDatabaseId, relation));\n", "" ]
	],
	[
		'columns-ignored', 'updates of columns that were read are taken for updates of others',
		[ 'words.c', "\twhile (columns != 0)\n", "\tcolumns = FQL_COLUMNS_NONE;\n\twhile (columns != 0)\n" ]
	],
	[
		'no-vary-values', 'names of settings are in the key, their values are not',
		[ 'vary.c', 'parts[count++] = vary->settings[i].value;', 'parts[count++] = NULL;' ]
	],
	[
		'handed-to-who-came-later', 'what a write has overtaken is given to all who wait',
		[ 'coalesce.c', 'herd->handed_over > me.joined)', 'herd->handed_over > 0)' ]
	],
	[
		'own-writes-cached', 'a transaction that has written is served what its writes have changed',
		[ 'execute.c', "reader.has_changes = has_written() && fql_have_touched_anything();", "reader.has_changes = false;" ]
	],
	[
		'own-writes-kept', 'a transaction that has written keeps its answers',
		[ 'execute.c', "\telse if (has_written())\n\t\tfql_stats_bypass(FQL_BYPASS_OWN_WRITES);\n", "" ],
		[ 'execute.c', "\tif (has_written())\n\t\treturn FQL_REJECTED_VOLATILE;\n", "" ]
	],
	[
		'prepared-not-held', 'the table of prepared transactions holds none of their words',
		[ 'touched.c', "\tfql_prepared_hold(list, count);\n", "\tfql_prepared_hold(list, 0);\n" ]
	],
	[
		'prepared-retired-early', 'the fence of a prepared transaction comes down before it has ended',
		[ 'prepared.c', "has_ended(TransactionId xid)\n{\n", "has_ended(TransactionId xid)\n{\n\tif (xid != InvalidTransactionId)\n\t\treturn true;\n" ]
	],
	[
		'fence-stays-up', 'an abort after the fence was raised leaves it up, and so do commits, now and then',
		[ 'touched.c', "\tif (fence_is_up)\n\t\tfql_fence_lower_with_tick(list, count);",
			"\tif (fence_is_up)\n\t{\n\t\tfql_fence_raise(list, MyProcPid % 3 == 0 ? Min(count, 1) : 0);\n\t\tfql_fence_lower_with_tick(list, count);\n\t}" ]
	],
);

if (@ARGV == 1 && $ARGV[0] eq '--list')
{
	print "$_->[0]\n" for @mutants;
	exit 0;
}
my ($name, $directory) = @ARGV;
die "usage: mutant.pl --list | mutant.pl <name> <directory>\n" if !defined $directory;

my ($mutant) = grep { $_->[0] eq $name } @mutants;
die "there is no mutant '$name'\n" if !defined $mutant;
my (undef, undef, @edits) = @$mutant;

for my $edit (@edits)
{
	my ($file, $old, $new) = @$edit;

	open my $in, '<', "$directory/$file" or die "mutant $name: cannot open $file: $!\n";
	my $source = do { local $/; <$in> };
	close $in;
	my $times = () = $source =~ /\Q$old\E/g;
	die "mutant $name: $file has this text $times times instead of once:\n$old\n" if $times != 1;
	$source =~ s/\Q$old\E/$new/;
	open my $out, '>', "$directory/$file" or die "mutant $name: cannot write $file: $!\n";
	print $out $source;
	close $out or die "mutant $name: cannot write $file: $!\n";
}
print "mutant $name: $mutant->[1]\n";
