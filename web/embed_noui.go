//go:build noui

package web

import "embed"

// built leaves the pages out on purpose (tag noui), whatever dist holds.
//
//go:embed dist/placeholder.html
var built embed.FS
