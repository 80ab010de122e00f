package engine_test

import (
	"testing"
	"time"

	"gatehouse/engine"
)

func TestNodes_tellsTheProcessesOnOneMetadataDatabase(t *testing.T) {
	t.Parallel()
	s := start(t)
	other, err := engine.New(t.Context(), config(s.metadataURL, s.dataURL))
	if err != nil {
		t.Fatal(err)
	}
	start(t) // on databases of its own: no fellow
	nodes, err := s.engine.Nodes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	own := 0
	for _, n := range nodes {
		if n.Host == "" || n.PID == "" || n.Connections < 1 || n.Since.IsZero() {
			t.Errorf("%+v", n)
		}
		if n.IsThis {
			own++
		}
	}
	if len(nodes) != 2 || own != 1 {
		t.Errorf("%+v; want two, one of them this", nodes)
	}
	other.Close()
	// Postgres takes a moment to see a connection off.
	for deadline := time.Now().Add(10 * time.Second); len(nodes) != 1; {
		if nodes, err = s.engine.Nodes(t.Context()); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatalf("%+v; want this one alone", nodes)
		}
	}
}
