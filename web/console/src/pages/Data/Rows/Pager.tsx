import { ActionIcon, NativeSelect, NumberInput } from "@mantine/core";
import { IconChevronLeft, IconChevronLeftPipe, IconChevronRight, IconChevronRightPipe } from "@tabler/icons-react";
import { type ReactNode, useEffect, useState } from "react";
import type { Rows } from "../../../../../api/catalog.ts";
import { number } from "../../../text.ts";
import type { Spot } from "../address.ts";
import { aheadOf, nextSpot, previousSpot, sizes, spotOfPage } from "./paging.ts";
import { t } from "./text.ts";

export type Total = { count: number | null; count_capped: boolean; estimate: number | null };

/** How many rows there are: exactly, or about, or not known yet. */
export const exactly = (total: Total | undefined): number | undefined =>
  total && total.count !== null && !total.count_capped ? total.count : undefined;
const roughly = (total: Total | undefined): number | undefined => exactly(total) ?? total?.estimate ?? undefined;

type Props = {
  spot: Spot;
  size: number;
  answer: Rows;
  total: Total | undefined;
  isOld: boolean;
  onSpot: (spot: Spot) => void;
  onSize: (size: number) => void;
};

type StepProps = { label: string; isWaiting?: boolean; onClick: (() => void) | undefined; children: ReactNode };

/** While it waits it keeps the focus. */
const Step = ({ label, isWaiting, onClick, children }: StepProps) => (
  <ActionIcon
    variant="default"
    size="input-xs"
    aria-label={label}
    title={label}
    disabled={!onClick}
    aria-disabled={isWaiting}
    onClick={isWaiting ? undefined : onClick}
  >
    {children}
  </ActionIcon>
);

/** Which rows are shown, of how many, and the ways to the others. */
export const Pager = ({ spot, size, answer, total, isOld, onSpot, onSize }: Props) => {
  const exact = exactly(total);
  const about = roughly(total);
  const shown = answer.rows.length;
  const ahead = aheadOf(spot, shown, exact);
  const next = nextSpot(spot, answer, size, exact);
  const previous = previousSpot(spot, answer, size, exact);
  const pages = about === undefined ? undefined : Math.max(1, Math.ceil(about / size));
  const page = ahead === undefined ? undefined : Math.floor(ahead / size) + 1;
  const [typed, setTyped] = useState<string | number>(page ?? "");
  useEffect(() => setTyped(page ?? ""), [page]);
  const go = () => {
    const wanted = Number(typed);
    if (Number.isInteger(wanted) && wanted >= 1 && wanted !== page)
      onSpot(spotOfPage(exact === undefined ? wanted : Math.min(wanted, pages ?? wanted), size));
    else setTyped(page ?? "");
  };
  const of = exact !== undefined ? number(exact) : about !== undefined ? t("about", { count: about }) : "…";
  const isAll = ahead === 0 && !next;
  // Without places in an order there is no reading from behind: the last page is counted.
  const last: Spot | undefined = answer.last ? { end: true } : pages === undefined ? undefined : spotOfPage(pages, size);
  return (
    <>
      <span className="muted range">
        {isAll && exact !== undefined
          ? t("count", { count: exact })
          : shown === 0
            ? ""
            : ahead !== undefined
              ? t("range", { from: ahead + 1, to: ahead + shown, of })
              : spot.end
                ? t("rangeLast", { count: shown, of })
                : t("rangeSome", { count: shown, of })}
      </span>
      {(!isAll || size !== sizes[1]) && (
        <>
          <span className="grow" />
          <nav className="turn" aria-label={t("pages")}>
            <Step label={t("firstPage")} onClick={ahead === 0 ? undefined : () => onSpot({})}>
              <IconChevronLeftPipe size={15} aria-hidden="true" />
            </Step>
            <Step label={t("previousPage")} isWaiting={isOld} onClick={previous && (() => onSpot(previous))}>
              <IconChevronLeft size={15} aria-hidden="true" />
            </Step>
            <form
              onSubmit={(event) => {
                event.preventDefault();
                go();
              }}
            >
              <NumberInput
                size="xs"
                hideControls
                aria-label={t("page")}
                min={1}
                value={typed}
                placeholder="–"
                onChange={setTyped}
                onBlur={go}
                w={`${Math.max(3.25, String(pages ?? 1).length * 0.6 + 1.75)}rem`}
              />
            </form>
            {pages !== undefined && <span className="muted">{t(exact === undefined ? "ofAbout" : "of", { pages })}</span>}
            <Step label={t("nextPage")} isWaiting={isOld} onClick={next && (() => onSpot(next))}>
              <IconChevronRight size={15} aria-hidden="true" />
            </Step>
            <Step label={t("lastPage")} isWaiting={isOld} onClick={next && last && (() => onSpot(last))}>
              <IconChevronRightPipe size={15} aria-hidden="true" />
            </Step>
            <NativeSelect
              size="xs"
              aria-label={t("perPage")}
              data={sizes.map((one) => ({ value: String(one), label: t("perPageOf", { count: one }) }))}
              value={String(size)}
              onChange={(event) => onSize(Number(event.currentTarget.value))}
            />
          </nav>
        </>
      )}
    </>
  );
};
