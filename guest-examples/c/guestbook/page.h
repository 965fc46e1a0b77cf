/* What goes out: the pages, as HTML that needs no script, and the JSON documents. */
#ifndef PAGE_H
#define PAGE_H

#include "entries.h"
#include "sdk/innkeeper.h"

/* What the session says about the visitor. */
typedef struct visitor {
    /* Who is signed in, or NULL. */
    const char *name;
    int64_t visits;
    /* The proof, for all forms, that they are this app's own. */
    const char *csrf;
} visitor;

/* A form that was not accepted. */
typedef struct refusal {
    int status;
    const char *reason;
    /* What was written, to be corrected. */
    const char *author;
    const char *message;
} refusal;

/* What the book shows. */
typedef struct book {
    listing listing;
    visitor visitor;
    /* What the visitor is to be told. */
    const char **messages;
    size_t message_count;
    /* Whether the newest entries are among those shown. */
    bool is_newest;
    /* NULL where no form was refused. */
    const refusal *refusal;
} book;

/* The book, with the status of the refused form where there is one. */
bool page_book(ik_response *response, const book *book);
/* A page that says one thing. */
bool page_short(ik_response *response, int status, const char *text);
/* A page of entries for programs. */
bool json_listing(ik_response *response, const listing *listing);
/* What the app knows about the visitor. */
bool json_visitor(ik_response *response, const visitor *visitor);
/* What is wrong with a request. */
bool json_error(ik_response *response, int status, const char *message);

#endif
