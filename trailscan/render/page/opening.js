"use strict";
// Before anything is shown: the page has a program, and perhaps a theme was chosen last time.
document.documentElement.classList.add("scripted");
try {
  const theme = localStorage.getItem("trailscan-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch { /* no storage: the theme is the system's */ }
