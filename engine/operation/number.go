package operation

import (
	"math/big"
	"strconv"
)

// integer reads a JSON number that is a 64-bit integer, also when written 1e3 or 2.0.
func integer(raw []byte) (int64, bool) {
	if v, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return v, true
	}
	if len(raw) > 40 {
		return 0, false // a huge exponent would be expensive to expand
	}
	f, _, err := big.ParseFloat(string(raw), 10, 200, big.ToNearestEven)
	if err != nil || !f.IsInt() {
		return 0, false
	}
	v, accuracy := f.Int64()
	return v, accuracy == big.Exact
}
