package oidc

import "strings"

// firstScreen is the path a client's first_screen names; the deprecated interaction_mode still counts.
func firstScreen(screen, mode string) string {
	switch screen {
	case "register":
		return "/register"
	case "reset_password":
		return "/forgot-password"
	case "identifier:sign_in":
		return "/identifier-sign-in"
	case "identifier:register":
		return "/identifier-register"
	case "single_sign_on":
		return "/single-sign-on"
	case "":
		if mode == "signUp" {
			return "/register"
		}
	}
	return "/sign-in"
}

// cutDirect reads direct_sign_in: "social:<target>" or "sso:<connector id>".
func cutDirect(value string) (method, target string, ok bool) {
	method, target, ok = strings.Cut(value, ":")
	return method, target, ok && target != "" && (method == "social" || method == "sso")
}
