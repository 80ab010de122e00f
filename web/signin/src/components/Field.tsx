import type { ComponentChildren, RefObject } from "preact";
import { useState } from "preact/hooks";
import { phrases } from "../phrases.ts";

type Props = {
  name: string;
  label: string;
  value: string;
  onInput: (value: string) => void;
  error?: string | undefined;
  autoComplete: string;
  inputRef: RefObject<HTMLInputElement | null>;
  inputMode?: "text" | "email" | "tel";
  isReadOnly?: boolean;
  describedBy?: string;
};

/**
 * A labelled input with its error under it. The error element is always there, so that a screen reader hears it when it gets words; the input is
 * never disabled, so that focus stays where the user left it.
 */
export const Field = (props: Props & { type?: "text" | "password"; children?: ComponentChildren }) => {
  const { name, label, value, onInput, error, type = "text" } = props;
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <div class="control">
        <input
          {...({ type } as { type: "text" })} // the element's types know no input that is one or the other
          id={name}
          name={name}
          ref={props.inputRef}
          value={value}
          onInput={(event) => onInput(event.currentTarget.value)}
          inputMode={props.inputMode}
          autocomplete={props.autoComplete}
          autocapitalize="none"
          autocorrect="off"
          spellcheck={false}
          required
          readOnly={props.isReadOnly}
          aria-invalid={error ? "true" : undefined}
          aria-describedby={[error && `${name}-error`, props.describedBy].filter(Boolean).join(" ") || undefined}
        />
        {props.children}
      </div>
      <p class="error" id={`${name}-error`} aria-live="polite">
        {error}
      </p>
    </div>
  );
};

/** A password input whose content can be shown. */
export const PasswordField = (props: Props) => {
  const [isShown, setShown] = useState(false);
  return (
    <Field {...props} type={isShown ? "text" : "password"}>
      <button
        class="reveal"
        type="button"
        aria-controls={props.name}
        aria-label={isShown ? phrases.field.hide_password : phrases.field.show_password}
        onClick={() => setShown(!isShown)}
      >
        {isShown ? phrases.field.hide : phrases.field.show}
      </button>
    </Field>
  );
};
