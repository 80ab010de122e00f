package translate

import (
	"fmt"

	"gatehouse/engine/plan"
)

// Write is a root field that changes data.
type Write struct{}

func write(n plan.Node, o Options) (*Write, error) {
	return nil, fmt.Errorf("cannot translate %T", n)
}
