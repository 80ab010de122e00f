// Package project is a Hasura project on disk: config.yaml, metadata/, migrations/ and seeds/, in the layouts of the
// Hasura command line (config versions 2 and 3), read, written, and applied to a server.
//
// It knows the files and the order of things. What a document means, and what a statement does, is the server's
// business: it is reached through Server alone, over HTTP by the command line and in process at start-up.
package project
