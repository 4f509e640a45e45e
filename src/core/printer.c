/*
 * printer.c
 *    AST to text: one canonical compact form.
 *
 * A comma between arguments and between list items, a space between selections and between definitions, nothing else
 * that could be left out.  Strings are printed with quotes and escapes whatever way they were written, because a
 * block string cannot hold every value.  Descriptions are left out: they say nothing to the executor.
 *
 * The recursion goes as deep as the AST, which the parser has bounded.
 */
#include "printer.h"

static void print_selections(const FqlSelection *selections, FqlBuffer *buffer);

static void
print_type(const FqlTypeNode *type, FqlBuffer *buffer)
{
	switch (type->kind)
	{
		case FQL_TYPE_NODE_NAMED:
			fql_buffer_append(buffer, type->name);
			break;
		case FQL_TYPE_NODE_LIST:
			fql_buffer_append_char(buffer, '[');
			print_type(type->of, buffer);
			fql_buffer_append_char(buffer, ']');
			break;
		case FQL_TYPE_NODE_NON_NULL:
			print_type(type->of, buffer);
			fql_buffer_append_char(buffer, '!');
			break;
	}
}

/* Arguments or object fields, without their brackets. */
static void
print_named_values(const FqlArgument *arguments, FqlBuffer *buffer)
{
	for (const FqlArgument *argument = arguments; argument != NULL; argument = argument->next)
	{
		if (argument != arguments)
			fql_buffer_append_char(buffer, ',');
		fql_buffer_append(buffer, argument->name);
		fql_buffer_append_char(buffer, ':');
		fql_print_value(argument->value, buffer);
	}
}

static void
print_items(const FqlValue *items, FqlBuffer *buffer)
{
	for (const FqlValue *item = items; item != NULL; item = item->next)
	{
		if (item != items)
			fql_buffer_append_char(buffer, ',');
		fql_print_value(item, buffer);
	}
}

void
fql_print_value(const FqlValue *value, FqlBuffer *buffer)
{
	switch (value->kind)
	{
		case FQL_VALUE_VARIABLE:
			fql_buffer_append_char(buffer, '$');
			fql_buffer_append(buffer, value->text);
			break;
		case FQL_VALUE_INT:
		case FQL_VALUE_FLOAT:
		case FQL_VALUE_ENUM:
			fql_buffer_append(buffer, value->text);
			break;
		case FQL_VALUE_STRING:
			fql_buffer_append_quoted(buffer, value->text);
			break;
		case FQL_VALUE_BOOLEAN:
			fql_buffer_append_cstring(buffer, value->boolean ? "true" : "false");
			break;
		case FQL_VALUE_NULL:
			fql_buffer_append_cstring(buffer, "null");
			break;
		case FQL_VALUE_LIST:
			fql_buffer_append_char(buffer, '[');
			print_items(value->items, buffer);
			fql_buffer_append_char(buffer, ']');
			break;
		case FQL_VALUE_OBJECT:
			fql_buffer_append_char(buffer, '{');
			print_named_values(value->fields, buffer);
			fql_buffer_append_char(buffer, '}');
			break;
	}
}

/* Arguments with their parentheses, which the grammar forbids around nothing. */
static void
print_arguments(const FqlArgument *arguments, FqlBuffer *buffer)
{
	if (arguments == NULL)
		return;
	fql_buffer_append_char(buffer, '(');
	print_named_values(arguments, buffer);
	fql_buffer_append_char(buffer, ')');
}

static void
print_directives(const FqlDirective *directives, FqlBuffer *buffer)
{
	for (const FqlDirective *directive = directives; directive != NULL; directive = directive->next)
	{
		fql_buffer_append_char(buffer, '@');
		fql_buffer_append(buffer, directive->name);
		print_arguments(directive->arguments, buffer);
	}
}

static void
print_field(const FqlSelection *field, FqlBuffer *buffer)
{
	if (field->alias.data != NULL)
	{
		fql_buffer_append(buffer, field->alias);
		fql_buffer_append_char(buffer, ':');
	}
	fql_buffer_append(buffer, field->name);
	print_arguments(field->arguments, buffer);
	print_directives(field->directives, buffer);
	print_selections(field->selections, buffer);
}

static void
print_selection(const FqlSelection *selection, FqlBuffer *buffer)
{
	switch (selection->kind)
	{
		case FQL_SELECTION_FIELD:
			print_field(selection, buffer);
			break;
		case FQL_SELECTION_FRAGMENT_SPREAD:
			fql_buffer_append_cstring(buffer, "...");
			fql_buffer_append(buffer, selection->name);
			print_directives(selection->directives, buffer);
			break;
		case FQL_SELECTION_INLINE_FRAGMENT:
			fql_buffer_append_cstring(buffer, selection->name.data != NULL ? "...on " : "...");
			fql_buffer_append(buffer, selection->name);
			print_directives(selection->directives, buffer);
			print_selections(selection->selections, buffer);
			break;
	}
}

/* A selection set with its braces, or nothing where there is none. */
static void
print_selections(const FqlSelection *selections, FqlBuffer *buffer)
{
	if (selections == NULL)
		return;
	fql_buffer_append_char(buffer, '{');
	for (const FqlSelection *selection = selections; selection != NULL; selection = selection->next)
	{
		if (selection != selections)
			fql_buffer_append_char(buffer, ' ');
		print_selection(selection, buffer);
	}
	fql_buffer_append_char(buffer, '}');
}

static void
print_variable_definitions(const FqlVariableDefinition *definitions, FqlBuffer *buffer)
{
	if (definitions == NULL)
		return;
	fql_buffer_append_char(buffer, '(');
	for (const FqlVariableDefinition *definition = definitions; definition != NULL; definition = definition->next)
	{
		if (definition != definitions)
			fql_buffer_append_char(buffer, ',');
		fql_buffer_append_char(buffer, '$');
		fql_buffer_append(buffer, definition->name);
		fql_buffer_append_char(buffer, ':');
		print_type(definition->type, buffer);
		if (definition->default_value != NULL)
		{
			fql_buffer_append_char(buffer, '=');
			fql_print_value(definition->default_value, buffer);
		}
		print_directives(definition->directives, buffer);
	}
	fql_buffer_append_char(buffer, ')');
}

static const char *
operation_keyword(FqlOperationKind kind)
{
	switch (kind)
	{
		case FQL_OPERATION_MUTATION:
			return "mutation";
		case FQL_OPERATION_SUBSCRIPTION:
			return "subscription";
		case FQL_OPERATION_QUERY:
			break;
	}
	return "query";
}

void
fql_print_operation(const FqlOperation *operation, FqlBuffer *buffer)
{
	if (!operation->shorthand)
	{
		fql_buffer_append_cstring(buffer, operation_keyword(operation->kind));
		if (operation->name.data != NULL)
		{
			fql_buffer_append_char(buffer, ' ');
			fql_buffer_append(buffer, operation->name);
		}
		print_variable_definitions(operation->variables, buffer);
		print_directives(operation->directives, buffer);
	}
	print_selections(operation->selections, buffer);
}

void
fql_print_fragment(const FqlFragment *fragment, FqlBuffer *buffer)
{
	fql_buffer_append_cstring(buffer, "fragment ");
	fql_buffer_append(buffer, fragment->name);
	fql_buffer_append_cstring(buffer, " on ");
	fql_buffer_append(buffer, fragment->type_condition);
	print_directives(fragment->directives, buffer);
	print_selections(fragment->selections, buffer);
}

FqlStr
fql_print_document(const FqlDocument *document, FqlArena *arena)
{
	FqlBuffer	buffer;

	fql_buffer_init(&buffer, arena);
	for (const FqlOperation *operation = document->operations; operation != NULL; operation = operation->next)
	{
		if (buffer.len != 0)
			fql_buffer_append_char(&buffer, ' ');
		fql_print_operation(operation, &buffer);
	}
	for (const FqlFragment *fragment = document->fragments; fragment != NULL; fragment = fragment->next)
	{
		if (buffer.len != 0)
			fql_buffer_append_char(&buffer, ' ');
		fql_print_fragment(fragment, &buffer);
	}
	return fql_buffer_text(&buffer);
}
