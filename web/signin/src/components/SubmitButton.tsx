/** The form's one action. While busy it is aria-disabled rather than disabled, so that keyboard focus is not lost; useSubmit ignores a second press. */
export const SubmitButton = ({ label, busyLabel, isBusy = false }: { label: string; busyLabel?: string; isBusy?: boolean }) => (
  <button class="primary" type="submit" aria-disabled={isBusy}>
    {isBusy && <span class="spinner" />}
    {isBusy ? (busyLabel ?? label) : label}
  </button>
);

/** A problem with the whole form rather than one field. */
export const FormProblem = ({ text }: { text?: string | undefined }) => (
  <div class="problem" role="alert">
    {text && <p>{text}</p>}
  </div>
);
