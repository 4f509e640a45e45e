/*
 * sdl.h
 *    A type system for a test, from text.
 *
 * Enough of the schema definition language to write down what a test needs: type, input and enum, arguments, default
 * values, and "other ~ name" inside an input for another spelling of one of its fields.  Types named Query and
 * Mutation become the root types.  The text is ours, so a mistake in it aborts.
 */
#ifndef FQL_TEST_SDL_H
#define FQL_TEST_SDL_H

#include "limits.h"
#include "typesystem.h"

extern FqlTypeSystem *sdl_load(const char *sdl, FqlArena *arena);

/* The schema that most tests of semantics use. */
extern FqlTypeSystem *sample_types(FqlArena *arena);

/* "line:column line:column message" per diagnostic, each ended by a newline. */
extern FqlStr show_diagnostics(const FqlDiagnostics *diagnostics, FqlArena *arena);

/* Parse or abort, with limits far beyond the defaults. */
extern FqlDocument *must_parse(FqlStr source, FqlArena *arena);

extern FqlLimits generous_limits(void);

#endif							/* FQL_TEST_SDL_H */
