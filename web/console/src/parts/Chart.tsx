import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

export type Line = { name: string; values: number[]; colour: "brand" | "danger" };

type Props = { label: string; from: number; step: number; lines: Line[] };

const colourOf = (element: Element, name: string) => getComputedStyle(element).getPropertyValue(`--${name}`).trim();

/** Counts over time. What it shows is said in its label, too, as totals. */
const Chart = ({ label, from, step, lines }: Props) => {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const draw = () => {
      element.replaceChildren();
      const axis = {
        stroke: colourOf(element, "muted"),
        grid: { stroke: colourOf(element, "line"), width: 1 },
        ticks: { show: false },
        font: "12px system-ui",
      };
      const times = (lines[0]?.values ?? []).map((_, index) => from + index * step);
      new uPlot(
        {
          width: element.clientWidth,
          height: 180,
          cursor: { y: false, drag: { x: false, y: false } },
          legend: { show: true },
          scales: { y: { range: (_self, _min, max) => [0, Math.max(4, max * 1.1)] } },
          axes: [axis, { ...axis, size: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6] }],
          series: [
            {},
            ...lines.map((line) => ({
              label: line.name,
              stroke: colourOf(element, line.colour),
              fill: line.colour === "brand" ? `color-mix(in srgb, ${colourOf(element, "brand")} 12%, transparent)` : undefined,
              width: 1.5,
              points: { show: false },
            })),
          ],
        },
        [times, ...lines.map((line) => line.values)],
        element,
      );
    };
    draw();
    const sized = new ResizeObserver(draw);
    sized.observe(element);
    const themed = new MutationObserver(draw);
    themed.observe(document.documentElement, { attributeFilter: ["data-mantine-color-scheme"] });
    return () => {
      sized.disconnect();
      themed.disconnect();
    };
  }, [from, step, lines]);
  const totals = lines.map((line) => `${line.name} ${line.values.reduce((sum, value) => sum + value, 0)}`).join(", ");
  return <div ref={box} className="chart" role="img" aria-label={`${label}: ${totals}`} />;
};

export default Chart;
