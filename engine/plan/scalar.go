package plan

import (
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
)

// Scalar calls a function that returns a scalar or a set of them.
type Scalar struct {
	Function *schema.ScalarFunction
	Args     []FunctionArg
}

func (*Scalar) node() {}

func scalar(f *operation.Field, fn *schema.ScalarFunction) (*Scalar, error) {
	args, err := functionArgs(f, fn.Args)
	return &Scalar{Function: fn, Args: args}, err
}
