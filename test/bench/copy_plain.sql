\set QUIET on
\set file `pwd` '/rows.copy'
TRUNCATE copy_plain;
CHECKPOINT;
SELECT clock_timestamp() AS start \gset
COPY copy_plain FROM :'file';
SELECT round((extract(epoch FROM clock_timestamp() - :'start') * 1000000 / 1000000)::numeric, 3);
