//go:build !noui

package web

import "embed"

// built holds what scripts/pack.mjs left in dist: dist/<app>/… with a .gz and a .br beside each compressible file and nothing else of it. A clone
// that never ran the web build holds only dist/placeholder.html.
//
//go:embed all:dist
var built embed.FS
